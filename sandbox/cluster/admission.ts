import type { KubeObject } from '../../steps/lib/cluster.ts';
import { check } from './check.ts';
import type { Draft, Webhook } from './controllers.ts';
import { isObject, type Json, same, textAt } from './json.ts';
import type { Kind } from './kinds.ts';
import { metadataMistakes } from './names.ts';
import { badRequest, forbidden, internalError, invalid, type Mistake, StatusError } from './status.ts';
import type { Store } from './store.ts';
import { tidied } from './tidy.ts';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** Drops what the kind does not know, or refuses it; refuses wrong types. Gives the object and the warnings. */
export function decode(
  object: Json,
  kind: Kind,
  fieldValidation: FieldValidation,
): { object: Json; warnings: string[] } {
  const { value, unknown, mistakes } = check(tidied(object, kind), kind.schema);
  const complaint = `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}`;
  const [wrong] = mistakes.filter(({ reason }) => reason === 'FieldValueTypeInvalid');
  if (wrong !== undefined && !kind.custom) {
    throw badRequest(`${complaint}: ${unmarshalText(kind.kind, wrong)}`);
  }
  const texts = unknown.map((field) => `unknown field ${JSON.stringify(field)}`);
  if (fieldValidation === 'Strict' && texts.length > 0) {
    throw badRequest(`${complaint}: strict decoding error: ${texts.join(', ')}`);
  }
  return { object: value as Json, warnings: fieldValidation === 'Warn' ? texts : [] };
}

/** As Go's JSON decoder says it; the key of a map is left out. */
function unmarshalText(kind: string, { field, text }: Mistake): string {
  const [, is = '', wanted = ''] = /^Invalid value: "(\w+)".* of type ([\w,]+):/.exec(text) ?? [];
  const given = is === 'integer' ? 'number' : is;
  const place = field.replace(/^((?:binaryD|d|stringD)ata|metadata\.(?:labels|annotations))\..*$/, '$1');
  return `json: cannot unmarshal ${given} into Go struct field ${kind}.${place} of type ${wanted}`;
}

/** Refuses an object that the API server would refuse after defaults and mutation: 422 with every field. */
export function validate(object: Json, old: Json | undefined, kind: Kind): void {
  const mistakes = [
    ...metadataMistakes(object['metadata'], kind),
    ...check(object, kind.schema).mistakes,
    ...frozenMistakes(object, old),
    ...leaseMistakes(object, kind),
  ];
  if (mistakes.length > 0) throw invalid(kind, textAt(object, 'metadata', 'name') ?? '', mistakes);
}

function frozenMistakes(object: Json, old: Json | undefined): Mistake[] {
  if (old?.['immutable'] !== true) return [];
  const forbid = (field: string): Mistake => ({
    field,
    reason: 'FieldValueForbidden',
    text: 'Forbidden: field is immutable when `immutable` is set',
  });
  return [
    ...(object['immutable'] === true ? [] : [forbid('immutable')]),
    ...(same(object['data'] ?? {}, old['data'] ?? {}) ? [] : [forbid('data')]),
  ];
}

function leaseMistakes({ spec }: Json, { kind }: Kind): Mistake[] {
  const seconds = isObject(spec) ? spec['leaseDurationSeconds'] : undefined;
  if (kind !== 'Lease' || typeof seconds !== 'number' || seconds > 0) return [];
  return [
    {
      field: 'spec.leaseDurationSeconds',
      reason: 'FieldValueInvalid',
      text: `Invalid value: ${seconds}: must be greater than 0`,
    },
  ];
}

/** New things need a namespace that is there and not being deleted. */
export function requireNamespace(store: Store, kind: Kind, namespace: string, name: string): void {
  if (!kind.namespaced) return;
  const found = store.read({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  if (found === undefined) {
    throw new StatusError(404, 'NotFound', `namespaces ${JSON.stringify(namespace)} not found`, {
      details: { name: namespace, kind: 'namespaces' },
    });
  }
  if (textAt(found, 'status', 'phase') !== 'Terminating') return;
  throw forbidden(
    kind,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  );
}

/** Lets the webhooks change the object, then lets them refuse it. */
export function askWebhooks(
  webhooks: Iterable<Webhook>,
  kind: Kind,
  object: Json | undefined,
  old: KubeObject | undefined,
): Json | undefined {
  const asked = [...webhooks].filter(({ kinds }) => kinds.includes(kind.kind));
  const draft = structuredClone(object);
  for (const webhook of asked) {
    refuseUnreachable(webhook);
    if (draft !== undefined) webhook.mutate?.(draft as Draft, old);
  }
  for (const { name, validate: judge } of asked) {
    const reason = judge?.(structuredClone(draft) as KubeObject | undefined, old);
    if (reason === undefined) continue;
    throw new StatusError(
      403,
      'Forbidden',
      `admission webhook ${JSON.stringify(name)} denied the request: ${reason}`,
    );
  }
  return draft;
}

function refuseUnreachable({ name, reachable = () => true }: Webhook): void {
  if (reachable()) return;
  throw internalError(
    `failed calling webhook ${JSON.stringify(name)}: failed to call webhook: Post "https://webhook-server-service.sandbox.svc:443/?timeout=10s": dial tcp 127.0.0.1:443: connect: connection refused`,
  );
}
