import { at } from './json.ts';
import type { Kind } from './kinds.ts';
import { badRequest } from './status.ts';

type Test = (labels: Readonly<Record<string, string>>) => boolean;

/** `a=b`, `a==b`, `a!=b`, `a`, `!a`, `a in (b,c)`, `a notin (b,c)`, joined by commas. */
export function parseLabelSelector(text: string): Test {
  const tests = splitOutside(text).map(parseRequirement);
  return (labels) => tests.every((test) => test(labels));
}

function splitOutside(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function parseRequirement(text: string): Test {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
  if (set) {
    const [, key = '', operator, values = ''] = set;
    const among = new Set(values.split(',').map((value) => value.trim()));
    return (labels) => among.has(labels[key] ?? '\0') === (operator === 'in');
  }
  const [, not, key = '', operator, value] =
    /^(!?)\s*([\w./-]+)\s*(?:(==|=|!=)\s*([\w.-]*))?$/.exec(text) ?? [];
  if (key === '')
    throw badRequest(
      `unable to parse requirement: found '${text}', expected: !, identifier, or 'end of string'`,
    );
  if (operator === undefined) return (labels) => key in labels !== (not === '!');
  if (operator === '!=') return (labels) => labels[key] !== value;
  return (labels) => labels[key] === value;
}

const everyKind = ['metadata.name', 'metadata.namespace'];
const selectable: Readonly<Record<string, readonly string[]>> = {
  Pod: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  Event: ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']
    .map((field) => `involvedObject.${field}`)
    .concat('reason', 'reportingComponent', 'source', 'type'),
  Secret: ['type'],
  Namespace: ['status.phase'],
  Node: ['spec.unschedulable'],
  ReplicaSet: ['status.replicas'],
};

/** `metadata.name=x,status.phase!=Running`; a field that the API server cannot select by is refused. */
export function parseFieldSelector(text: string, kind: Kind): (object: unknown) => boolean {
  const tests = splitOutside(text).map((part) => {
    const [, field = '', operator, value = ''] = /^([^=!]+)(==|=|!=)(.*)$/.exec(part) ?? [];
    if (operator === undefined) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    if (![...everyKind, ...(selectable[kind.kind] ?? [])].includes(field)) {
      const known = 'only "metadata.name", "metadata.namespace"';
      throw badRequest(
        selectable[kind.kind] === undefined && !kind.custom
          ? `${JSON.stringify(field)} is not a known field selector: ${known}`
          : `field label not supported: ${field}`,
      );
    }
    return (object: unknown) => (textOf(object, field) === value) === (operator !== '!=');
  });
  return (object) => tests.every((test) => test(object));
}

function textOf(object: unknown, field: string): string {
  const value = field === 'source' ? at(object, 'source', 'component') : at(object, ...field.split('.'));
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}
