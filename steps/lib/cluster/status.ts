import { isRecord, parseJson, textAt } from '../json.ts';
import type { Answer } from './exchange.ts';

/** The API server's own account of a failure (`kind: Status`), as far as we read it. */
export interface Status {
  readonly message: string;
  readonly reason: string;
  /** The resource, or the kind for an invalid object; empty when it does not say. */
  readonly kind: string;
  readonly group: string;
  readonly name: string;
  readonly causes: readonly Cause[];
}

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** Undefined when the answer is not Kubernetes' own. */
export function readStatus({ text }: Pick<Answer, 'text'>): Status | undefined {
  const body = parseJson(text);
  if (!isRecord(body) || body['kind'] !== 'Status') return undefined;
  const details = isRecord(body['details']) ? body['details'] : {};
  const causes = Array.isArray(details['causes']) ? details['causes'].filter(isRecord) : [];
  return {
    message: textAt(body, 'message'),
    reason: textAt(body, 'reason'),
    kind: textAt(details, 'kind'),
    group: textAt(details, 'group'),
    name: textAt(details, 'name'),
    causes: causes.map((cause) => ({
      reason: textAt(cause, 'reason'),
      message: textAt(cause, 'message'),
      field: textAt(cause, 'field'),
    })),
  };
}
