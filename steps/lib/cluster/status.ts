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
  const body = parse(text);
  if (!isRecord(body) || body['kind'] !== 'Status') return undefined;
  const details = isRecord(body['details']) ? body['details'] : {};
  const causes = Array.isArray(details['causes']) ? details['causes'].filter(isRecord) : [];
  return {
    message: textOf(body, 'message'),
    reason: textOf(body, 'reason'),
    kind: textOf(details, 'kind'),
    group: textOf(details, 'group'),
    name: textOf(details, 'name'),
    causes: causes.map((cause) => ({
      reason: textOf(cause, 'reason'),
      message: textOf(cause, 'message'),
      field: textOf(cause, 'field'),
    })),
  };
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(record: Record<string, unknown>, name: string): string {
  const value = record[name];
  return typeof value === 'string' ? value : '';
}
