import type { KubeObject } from '../cluster.ts';
import { isRecord, parseJson } from '../json.ts';
import type { Asked } from './asking.ts';
import { explainAnswer } from './explain.ts';
import { readStatus } from './status.ts';

/** The object is absent; a kind or a namespace that is absent is another 404. */
export function isAbsent({ reply, subject }: Asked): boolean {
  const said = readStatus(reply);
  if (reply.status !== 404 || said === undefined || said.name === '') return false;
  return said.kind !== 'namespaces' || subject.kind === 'Namespace';
}

export function isTaken({ reply }: Asked): boolean {
  return readStatus(reply)?.reason === 'AlreadyExists';
}

/** All that the server says of a JSON patch that cannot be applied, a `test` in it above all. */
export function isFailedTest({ reply }: Asked): boolean {
  return reply.status === 422 && readStatus(reply)?.causes.length === 0;
}

/** The object in a good answer; any other answer throws. */
export function objectOf({ reply, subject }: Asked): KubeObject {
  const body = parseJson(reply.text);
  if (reply.status >= 300 || !isRecord(body) || !isRecord(body['metadata']))
    throw explainAnswer(reply, subject);
  return body as KubeObject;
}
