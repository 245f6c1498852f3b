import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AppUpdate } from './app-update.svelte';
import { beingKept } from './being-kept';

class FakeWorker extends EventTarget {
  state = 'installing';
  postMessage = vi.fn();

  install(): void {
    this.state = 'installed';
    this.dispatchEvent(new Event('statechange'));
  }
}

class FakeRegistration extends EventTarget {
  waiting: FakeWorker | null = null;
  installing: FakeWorker | null = null;
  update = vi.fn(async () => undefined);
}

class FakeContainer extends EventTarget {
  controller: object | null = {};
  registration = new FakeRegistration();
  register = vi.fn(async () => this.registration);

  arrive(worker: FakeWorker): void {
    this.registration.installing = worker;
    this.registration.dispatchEvent(new Event('updatefound'));
    worker.install();
  }
}

function setUp() {
  const container = new FakeContainer();
  const reload = vi.fn();
  const update = new AppUpdate(container as unknown as ServiceWorkerContainer, reload);
  return { container, reload, update };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('addEventListener', vi.fn());
  vi.stubGlobal('document', new EventTarget());
  vi.stubGlobal('HTMLElement', EventTarget);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a new version', () => {
  test('is offered, and starts only when the person asks', async () => {
    const { container, reload, update } = setUp();
    const worker = new FakeWorker();
    await update.register();
    container.arrive(worker);
    expect(update.updateReady).toBe(true);
    expect(worker.postMessage).not.toHaveBeenCalled();

    update.apply();
    expect(worker.postMessage).toHaveBeenCalledWith({ type: 'SKIP_WAITING' });
    expect(reload).not.toHaveBeenCalled();
    container.dispatchEvent(new Event('controllerchange'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(reload).toHaveBeenCalledOnce();
  });

  test('that was asked for waits until a file chosen just before is kept', async () => {
    const { container, reload, update } = setUp();
    let isRead!: () => void;
    const kept = beingKept(() => new Promise<void>((done) => (isRead = done)));
    await update.register();
    container.arrive(new FakeWorker());
    update.apply();
    container.dispatchEvent(new Event('controllerchange'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(reload).not.toHaveBeenCalled();
    isRead();
    await kept;
    await vi.advanceTimersByTimeAsync(1000);
    expect(reload).toHaveBeenCalledOnce();
  });

  test('started by another tab does not reload this one', async () => {
    const { container, reload, update } = setUp();
    await update.register();
    container.dispatchEvent(new Event('controllerchange'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(reload).not.toHaveBeenCalled();
  });

  test('that already waits when the app opens is offered', async () => {
    const { container, update } = setUp();
    container.registration.waiting = new FakeWorker();
    await update.register();
    expect(update.updateReady).toBe(true);
  });

  test('is not announced on the first visit, when it replaces nothing', async () => {
    const { container, update } = setUp();
    container.controller = null;
    await update.register();
    container.arrive(new FakeWorker());
    expect(update.updateReady).toBe(false);
  });

  test('is looked for again every hour', async () => {
    const { container, update } = setUp();
    await update.register();
    vi.advanceTimersByTime(60 * 60 * 1000);
    expect(container.registration.update).toHaveBeenCalledOnce();
  });
});

test('without service workers nothing is registered and nothing fails', async () => {
  const update = new AppUpdate(undefined, vi.fn());
  await update.register();
  expect(update.updateReady).toBe(false);
});
