/** The current address as a rune. `go` moves; links are plain `<a href={href(...)}>`. */
import { overlaysHere } from './components/back-closes';
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
    // The step of a dialog that leads on becomes the step of where it leads: Back then finds the screen below.
    if (overlaysHere() > 0) this.replace(...args);
    else location.hash = href(...args);
  }

  replace<N extends RouteName>(...args: Parameters<typeof href<N>>): void {
    location.replace(href(...args));
  }
}

export const address = new Address();
