/** For tests: the model server as the other end of a story. */
import { newId } from '../store/device';
import { ARON, AUDIT, LENA, WORKSPACE } from '../store/testing';
import { ModelServer } from '../sync/model-server';
import type { Far } from './story';

export function modelFar(): Far {
  const server = new ModelServer();
  let backup = server.snapshot();
  return {
    people: [LENA, ARON, newId()],
    audit: AUDIT,
    birth: { workspace: WORKSPACE, type: 'stage_2' },
    base: 'http://auditbook.test',
    signIn: (account) => Promise.resolve(server.fetchFor(() => account)),
    putOut: (account, isOut) => {
      if (isOut) server.left.add(account);
      else server.left.delete(account);
    },
    backUp: () => {
      backup = server.snapshot();
      return Promise.resolve();
    },
    restore: () => {
      server.restore(backup);
      return Promise.resolve();
    },
    putBack: () => {
      server.putBack(backup);
      return Promise.resolve();
    },
    withdraw: (evidence) => Promise.resolve(server.withdraw(AUDIT, evidence)),
    seen: () =>
      Promise.resolve({
        epoch: server.epoch,
        logs: new Map([...server.logs].map(([audit, log]) => [audit, log.entries])),
        files: null,
      }),
  };
}
