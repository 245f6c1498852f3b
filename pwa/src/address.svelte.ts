/** The current address as a rune. `go` moves; links are plain `<a href={href(...)}>`. */
import { href, parseHash, type Route, type RouteName } from './routes';

class Address {
  route: Route | undefined = $state.raw(parseHash(location.hash));

  constructor() {
    addEventListener('hashchange', () => {
      this.route = parseHash(location.hash);
    });
  }

  /** `replace` leaves no step behind that the back button would return to. */
  go<N extends RouteName>(...args: Parameters<typeof href<N>>): void {
    location.hash = href(...args);
  }

  replace<N extends RouteName>(...args: Parameters<typeof href<N>>): void {
    location.replace(href(...args));
  }
}

export const address = new Address();
