import type { KubeObject } from '../../steps/lib/cluster.ts';
import { check } from './check.ts';
import type { Draft, Webhook } from './controllers.ts';
import { type Json, textAt } from './json.ts';
import type { Kind } from './kinds.ts';
import { metadataMistakes } from './names.ts';
import { ruleMistakes } from './rules.ts';
import { badRequest, forbidden, internalError, invalid, StatusError } from './status.ts';
import type { Store } from './store.ts';
import { withoutNulls } from './tidy.ts';
import { decoderWords, schemaWords } from './wording.ts';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** Drops what the kind does not know, or refuses it; refuses wrong types. Gives the object and the warnings. */
export function decode(
  object: Json,
  kind: Kind,
  fieldValidation: FieldValidation,
): { object: Json; warnings: string[] } {
  const { value, unknown, mistakes } = check(withoutNulls(object, kind), kind.schema);
  const wrong = mistakes.find(({ wanted }) => wanted !== 'missing');
  if (wrong !== undefined && !kind.custom)
    throw badRequest(`${complaint(kind)}: ${decoderWords(kind, wrong)}`);
  const texts = unknownTexts(unknown, kind);
  if (fieldValidation === 'Strict' && texts.length > 0) {
    throw badRequest(`${complaint(kind)}: strict decoding error: ${texts.join(', ')}`);
  }
  return { object: value as Json, warnings: fieldValidation === 'Warn' ? texts : [] };
}

/** The checks of custom kinds sort what they find. */
const unknownTexts = (unknown: readonly string[], { custom }: Kind) =>
  (custom ? [...unknown].sort() : unknown).map((field) => `unknown field ${JSON.stringify(field)}`);

const complaint = ({ kind, version }: Kind) =>
  `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}`;

/** The same for what a patch made: the whole object is shown. */
export function decodePatched(patched: Json, kind: Kind, fieldValidation: FieldValidation) {
  const { unknown, mistakes } = check(withoutNulls(patched, kind), kind.schema);
  const wrong = mistakes.find(({ wanted }) => wanted !== 'missing');
  const texts = unknownTexts(unknown, kind);
  const fault =
    wrong !== undefined && !kind.custom
      ? decoderWords(kind, wrong)
      : fieldValidation === 'Strict' && texts.length > 0
        ? `strict decoding error: ${texts.join(', ')}`
        : undefined;
  if (fault === undefined) return decode(patched, kind, fieldValidation);
  const text = `Invalid value: ${JSON.stringify(JSON.stringify(patched))}: ${fault}`;
  throw invalid({ group: '', kind: '' }, '', [{ field: 'patch', reason: 'FieldValueInvalid', text }]);
}

/** Refuses an object that the API server would refuse after defaults and mutation: 422 with every field. */
export function validate(object: Json, old: Json | undefined, kind: Kind): void {
  const mistakes = [
    ...metadataMistakes(object['metadata'], kind),
    ...check(object, kind.schema).mistakes.map(schemaWords),
    ...ruleMistakes(object, old, kind),
  ];
  if (mistakes.length > 0) throw invalid(kind, textAt(object, 'metadata', 'name') ?? '', mistakes);
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

/** Lets the webhooks change the object; the API server compares it with its schema only afterwards. */
export function mutate(
  webhooks: Iterable<Webhook>,
  kind: Kind,
  object: Json,
  old: KubeObject | undefined,
): Json {
  const draft = structuredClone(object);
  for (const webhook of askedAbout(webhooks, kind)) {
    if (webhook.mutate === undefined) continue;
    refuseUnreachable(webhook);
    refuseUndecodable(webhook, kind, draft);
    webhook.mutate(draft as Draft, old);
  }
  return draft;
}

/** Lets the webhooks refuse an object that fits its schema, or a delete. */
export function judge(
  webhooks: Iterable<Webhook>,
  kind: Kind,
  object: Json | undefined,
  old: KubeObject | undefined,
): void {
  for (const webhook of askedAbout(webhooks, kind)) {
    refuseUnreachable(webhook);
    const reason = webhook.validate?.(structuredClone(object) as KubeObject | undefined, old);
    if (reason === undefined) continue;
    throw new StatusError(
      403,
      'Forbidden',
      `admission webhook ${JSON.stringify(webhook.name)} denied the request: ${reason}`,
    );
  }
}

const askedAbout = (webhooks: Iterable<Webhook>, { kind }: Kind): Webhook[] =>
  [...webhooks].filter(({ kinds }) => kinds.includes(kind));

/** A webhook that changes the object reads it into Go's types, before the API server has compared it with the schema. */
function refuseUndecodable({ name }: Webhook, kind: Kind, draft: Json): void {
  const wrong = check(draft, kind.schema).mistakes.find(({ wanted }) => wanted !== 'missing');
  if (wrong === undefined) return;
  const words = decoderWords(kind, wrong);
  throw new StatusError(400, '', `admission webhook ${JSON.stringify(name)} denied the request: ${words}`);
}

function refuseUnreachable({ name, reachable = () => true }: Webhook): void {
  if (reachable()) return;
  throw internalError(
    `failed calling webhook ${JSON.stringify(name)}: failed to call webhook: Post "https://webhook-server-service.sandbox.svc:443/?timeout=10s": dial tcp 127.0.0.1:443: connect: connection refused`,
  );
}
