/**
 * Registers the service worker and offers a new version when one waits.
 *
 * The page is reloaded only when the person asked: a version that starts by itself could take a half-written
 * sentence or a running upload with it. Another tab that asks does not reload this one.
 */
import { nothingIsOpen } from './nothing-is-open';

type Container = Pick<ServiceWorkerContainer, 'register' | 'controller' | 'addEventListener'>;

const HOUR = 60 * 60 * 1000;

export class AppUpdate {
  updateReady = $state(false);
  #waiting: ServiceWorker | null = null;
  #asked = false;
  readonly #container: Container | undefined;
  readonly #reload: () => void;

  constructor(container: Container | undefined, reload: () => void) {
    this.#container = container;
    this.#reload = reload;
  }

  async register(): Promise<void> {
    // Without https there is no service worker; the app then works, but only while the server can be reached.
    if (!this.#container) return;
    this.#container.addEventListener('controllerchange', () => {
      if (this.#asked) void this.#start();
    });
    // The browser's own cache must not keep an old worker alive (seen on iOS).
    const registration = await this.#container.register('/service-worker.js', { updateViaCache: 'none' });
    this.#watch(registration);
    this.#lookAgain(registration);
  }

  apply(): void {
    this.#asked = true;
    if (this.#waiting) this.#waiting.postMessage({ type: 'SKIP_WAITING' });
    else void this.#start();
  }

  async #start(): Promise<void> {
    await nothingIsOpen();
    this.#reload();
  }

  #watch(registration: ServiceWorkerRegistration): void {
    if (registration.waiting) this.#offer(registration.waiting);
    registration.addEventListener('updatefound', () => {
      const worker = registration.installing;
      worker?.addEventListener('statechange', () => {
        if (worker.state === 'installed') this.#offer(worker);
      });
    });
  }

  #offer(worker: ServiceWorker): void {
    // The very first worker of a device replaces nothing, so there is nothing to ask.
    if (!this.#container?.controller) return;
    this.#waiting = worker;
    this.updateReady = true;
  }

  /** An installed app is seldom closed, so it looks for news when it comes back to the front, and hourly. */
  #lookAgain(registration: ServiceWorkerRegistration): void {
    const look = () => void registration.update().catch(() => undefined);
    setInterval(look, HOUR);
    addEventListener('pageshow', look);
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') look();
    });
  }
}

export const appUpdate = new AppUpdate(
  typeof navigator !== 'undefined' && 'serviceWorker' in navigator ? navigator.serviceWorker : undefined,
  () => location.reload(),
);
