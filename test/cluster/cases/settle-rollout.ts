import { missingRight, noApiServer, type TaskTable } from './case.ts';
import type { TaskPlace } from '../task-place.ts';

/** A roll-out that holds the lock. */
const applied = (run: string) => async (place: TaskPlace) => {
  const image = { image: place.modelImage, gpu: '0' };
  const params = { prefix: 'models/new/', 'pipeline-run': run, 'storage-config': 'trust', ...image };
  const { exitCode, said } = await place.run('apply-serving', { params });
  if (exitCode !== 0) throw new Error(`apply-serving failed: ${said}`);
};

export const settleRollout: TaskTable = {
  task: 'settle-rollout',
  fixtures: [],
  cases: [
    {
      name: 'promotes what passed',
      before: applied('passed'),
      params: {
        'pipeline-run': 'passed',
        'apply-status': 'Succeeded',
        'wait-status': 'Succeeded',
        'smoke-status': 'Succeeded',
      },
      exit: 'ok',
      results: { state: 'promoted' },
      outcome: 'ok',
      says: [/^promoted /m, /^lock freed/m],
    },
    {
      name: 'has nothing to settle for a run that never had the lock',
      params: { 'pipeline-run': 'stranger' },
      exit: 'ok',
      results: { state: 'released' },
      outcome: 'unchanged',
    },
    {
      name: 'names every wrong input',
      params: { 'pipeline-run': 'Run', 'apply-status': 'Done', keep: '1', timeout: 'soon' },
      exit: 'usage',
      outcome: 'usage: 4 inputs are wrong; nothing was touched',
      says: [/--pipeline-run/, /--apply-status/, /--keep/, /--timeout/],
    },
    {
      name: 'the API server is down',
      params: { 'pipeline-run': 'lost' },
      env: noApiServer,
      exit: 'unavailable',
      outcome: /^unavailable: /,
      says: [/ECONNREFUSED/, /^Try: /m],
    },
    {
      name: 'has no rights',
      params: { 'pipeline-run': 'lost' },
      withoutRights: true,
      exit: 'refused',
      outcome: /^refused: /,
      says: [missingRight('')],
    },
    {
      name: 'is stopped',
      params: { 'pipeline-run': 'lost' },
      env: noApiServer,
      cancelAt: /the API server does not serve us/,
      exit: 'stopped',
      outcome: 'stopped: stopped by SIGTERM',
    },
  ],
};
