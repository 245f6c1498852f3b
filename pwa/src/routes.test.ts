import { describe, expect, test } from 'vitest';
import { ROUTES, href, parseHash, type RouteName } from './routes';

describe('an address', () => {
  test('is read back as it was written, for every route', () => {
    for (const [name, pattern] of Object.entries(ROUTES) as [RouteName, string][]) {
      const params = Object.fromEntries([...pattern.matchAll(/:(\w+)/g)].map((match) => [match[1], 'Hall 2/7.1.5 ä#']));
      const written = (href as (name: RouteName, params: object) => string)(name, params);
      expect(parseHash(written)).toEqual({ name, params });
    }
  });

  test('of an empty hash is home', () => {
    expect(parseHash('')?.name).toBe('home');
    expect(parseHash('#')?.name).toBe('home');
    expect(parseHash('#/')?.name).toBe('home');
  });

  test('may end in a slash or carry a query', () => {
    expect(parseHash('#/audits/a1/')).toEqual({ name: 'audit', params: { id: 'a1' } });
    expect(parseHash('#/audits?open=1')?.name).toBe('audits');
  });

  test('that is unknown or mangled is no route', () => {
    expect(parseHash('#/nowhere')).toBeUndefined();
    expect(parseHash('#/audits/%zz')).toBeUndefined();
    expect(parseHash('#/audits/a1/closing/extra')).toBeUndefined();
  });
});
