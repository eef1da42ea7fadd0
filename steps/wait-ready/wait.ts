import type { Cluster } from '../lib/cluster.ts';
import type { Endpoint } from '../lib/endpoint.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/retry.ts';
import { proveAnswer } from '../lib/serving/answers.ts';
import { awaitRollout } from '../lib/serving/await.ts';
import { explainUnanswered } from '../lib/serving/unanswered.ts';
import type { ParamsOf, ResultsOf } from '../lib/step.ts';
import type { spec } from './spec.ts';

export interface Waiting {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly openEndpoint: () => Promise<Pick<Endpoint, 'url' | 'listModels' | 'chat'>>;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Waits for pods of the new revision, then for one real answer. */
export async function waitReady(
  params: ParamsOf<typeof spec>,
  { cluster, namespace, openEndpoint, log, clock, signal }: Waiting,
): Promise<ResultsOf<typeof spec>> {
  const started = clock.now();
  const elapsed = () => String(Math.round((clock.now() - started) / 1000));
  const { service, runtime, path } = params;
  const patience = {
    timeoutMs: params.timeout,
    pollMs: params.poll,
    graces: {
      imageMs: params.imageGrace,
      scheduleMs: params.scheduleGrace,
      configMs: params.configGrace,
      controllerMs: params.controllerGrace,
      crashes: params.crashes,
    },
  };
  const target = { service, namespace, runtime, path };
  const arrival = await awaitRollout(target, patience, {
    cluster,
    log,
    clock,
    signal,
  });
  if (arrival.kind === 'superseded') {
    log.info('a newer roll-out takes the place of this one', { by: arrival.by });
    return { url: '', pod: '', seconds: elapsed(), outcome: 'superseded' };
  }
  log.info('pods are ready', { pod: arrival.pod });
  const endpoint = await openEndpoint();
  try {
    await proveAnswer(endpoint, params.servedName, { log, signal });
  } catch (error) {
    throw await explainUnanswered(error, { target, graces: patience.graces }, { cluster, signal });
  }
  return { url: endpoint.url, pod: arrival.pod, seconds: elapsed(), outcome: 'ok' };
}
