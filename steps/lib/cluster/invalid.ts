import { ClusterError } from './cluster-error.ts';
import { quoteShort, sourceOf } from './quote.ts';
import { refuse, type Refusal } from './refusal.ts';

/** 400, 422 and the 500 of a wrong patch: which fields, and why. */
export function explainInvalid(refusal: Refusal): ClusterError {
  const { said, subject, answer } = refusal;
  const source = sourceOf(answer, subject.request);
  const unknown = unknownFields(said.message);
  if (unknown.length > 0) {
    const what = `this cluster's ${subject.kind ?? 'kind'} has no such field`;
    return fieldsError(
      refusal,
      unknown.map((field) => `${field}: ${what} (${source})`),
    );
  }
  const wrong = said.causes.filter(({ field }) => field !== '');
  if (answer.status === 422 && wrong.length > 0) {
    return fieldsError(
      refusal,
      wrong.map(({ field, message }) => `${field}: ${quoteShort(withoutObject(field, message))} (${source})`),
    );
  }
  const headline =
    answer.status === 500
      ? `the API server failed at ${subject.what}`
      : `the API server does not understand ${subject.what}`;
  return refuse(refusal, headline, schemaHint(refusal));
}

/** Of a wrong patch the server shows the whole object that it made, a Secret's data too. */
function withoutObject(field: string, message: string): string {
  return field === 'patch' ? message.replace(/^Invalid value: "(?:[^"\\]|\\.)*": /s, '') : message;
}

function fieldsError({ answer, said, subject }: Refusal, evidence: readonly string[]): ClusterError {
  const count = evidence.length === 1 ? 'one field' : `${evidence.length} fields`;
  return new ClusterError('refused', `${subject.what} is invalid: ${count}`, {
    evidence,
    hint: schemaHint({ answer, said, subject, evidence }),
    status: answer.status,
    reason: said.reason,
  });
}

/** From a strict decoding error, and from what server-side apply says of a field without a schema. */
function unknownFields(message: string): string[] {
  const strict = [...message.matchAll(/unknown field "([^"]+)"/g)].flatMap(([, field = '']) => field);
  const typed = [...message.matchAll(/: (\.\S+): field not declared in schema/g)].flatMap(([, field = '']) =>
    field.slice(1),
  );
  return [...new Set([...strict, ...typed])];
}

function schemaHint({ subject }: Refusal): string {
  const { apiVersion, kind } = subject;
  if (apiVersion === undefined || kind === undefined)
    return 'run it again with LOG_LEVEL=debug and report it as a defect';
  return `oc explain ${kind.toLowerCase()} --api-version=${apiVersion} --recursive   (the fields that this cluster knows)`;
}
