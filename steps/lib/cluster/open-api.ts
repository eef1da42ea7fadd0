import { parseJson } from '../json.ts';
import type { Caller } from './caller.ts';
import { requireSuccess } from './explain.ts';
import type { Subject } from './refusal.ts';

/** `groupVersion` as in the path: `apis/serving.kserve.io/v1beta1`, `api/v1`. */
export async function readOpenApi(
  caller: Caller,
  groupVersion: string,
  signal?: AbortSignal,
): Promise<unknown> {
  const subject: Subject = {
    request: { method: 'GET', path: `/openapi/v3/${groupVersion}` },
    what: `the schema of ${groupVersion}`,
    apiVersion: groupVersion.replace(/^apis?\//, ''),
  };
  const reply = await caller.call(subject, signal);
  requireSuccess(reply, subject);
  return parseJson(reply.text);
}
