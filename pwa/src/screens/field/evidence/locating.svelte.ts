/** Where this tablet is, while something is being recorded in an audit that wants it. */
import { positionNow, watchPosition, type Position, type PositionState } from '../../../capture/position';
import { device } from '../../../store/device';

export class Locating {
  state: PositionState = $state.raw({ is: 'looking' });

  /** From now on, until what it gives back is called. */
  watch(): () => void {
    return watchPosition((state) => (this.state = state));
  }

  /** Undefined where nothing is known at this moment: nobody waits for it. */
  now(): Position | undefined {
    return positionNow(this.state, device.now());
  }
}
