import { afterAll, beforeAll, describe, test } from 'vitest';
import { exitCodes } from '../../steps/lib/errors.ts';
import { tables } from './cases/tables.ts';
import { namespaceUid } from './install/openshift.ts';
import { joinRing, type Ring } from './ring.ts';
import { createTaskPlace, type TaskPlace } from './task-place.ts';

let ring: Ring;
beforeAll(async () => {
  ring = await joinRing();
});
afterAll(() => ring.leave());

describe.concurrent.for([...tables])(
  'the Task $task as a TaskRun',
  { timeout: 360_000 },
  ({ task, fixtures, cases }) => {
    let place: TaskPlace;
    beforeAll(async () => {
      place = await createTaskPlace(ring, task, fixtures);
    });
    afterAll(() => place?.remove());

    test.for([...cases])('$name', async (wanted, { expect, onTestFailed }) => {
      onTestFailed(async () => console.error(await place.namespace.report()));
      await wanted.before?.(place);
      const finished = await place.run(task, {
        params: typeof wanted.params === 'function' ? wanted.params(place) : wanted.params,
        ...(wanted.claims && { claims: wanted.claims }),
        ...(wanted.withoutRights && { account: 'default' }),
        ...(wanted.env && { env: wanted.env }),
        ...(wanted.cancelAt && { cancelAt: wanted.cancelAt }),
      });
      for (const line of wanted.says ?? []) expect(finished.said).toMatch(line);
      const seen = JSON.stringify([finished.run, finished.pod, finished.said]);
      const secrets = [...place.secrets, ...(wanted.hides ? [await wanted.hides(place)] : [])];
      expect(secrets.filter((secret) => seen.includes(secret))).toEqual([]);
      if (wanted.cancelAt !== undefined) {
        expect(finished.reason).toBe('TaskRunCancelled');
        const [error, hint] = finished.said.trimEnd().split('\n').slice(-2);
        expect(error).toBe(`error ${wanted.outcome}`);
        expect(hint).toMatch(/^Try: /);
        return;
      }
      expect(finished.exitCode).toBe(exitCodes[wanted.exit]);
      expect(finished.results).toEqual(
        Object.fromEntries(
          Object.entries({ ...wanted.results, outcome: wanted.outcome }).map(([name, value]) => [
            name,
            value instanceof RegExp ? expect.stringMatching(value) : value,
          ]),
        ),
      );
      expect(finished.pod?.['spec']).toMatchObject({ securityContext: { runAsUser: namespaceUid } });
    });
  },
);
