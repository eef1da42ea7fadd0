import { type Failure, StepError } from '../errors.ts';
import { at, parseJson } from '../json.ts';
import { readToken } from '../jwt.ts';
import { explainNetwork } from '../network/failure.ts';
import { accountOf, type ServiceAccount } from '../service-account.ts';

export interface Asked {
  readonly url: string;
  readonly method: string;
  readonly service: { readonly namespace: string; readonly name: string };
  readonly token?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Why an answer that is not a 200 with JSON cannot be used: whose page it is, and who must change what. */
export function explainAnswer(asked: Asked, answer: Answer): StepError {
  const { status } = answer;
  if (status === 401 || (status >= 300 && status < 400)) return explain401(asked, answer);
  if (status === 403) return explain403(asked, answer);
  if (status === 404) return explain404(asked, answer);
  if (status === 429) return busy(asked, answer);
  if (status >= 502 && status <= 504) return explain503(asked, answer);
  if (status >= 500) return explain500(asked, answer);
  if (status >= 200 && status < 300) return notOpenAi(asked, answer);
  return fail('check', `the model server refused our question: ${status}`, [asked, answer], {
    hint: `oc logs -n ${asked.service.namespace} deploy/${asked.service.name}-predictor --tail=50`,
  });
}

/** Why there was no answer at all. */
export function explainSilence(asked: Asked, error: unknown, timeoutMs: number): StepError {
  const { namespace, name } = asked.service;
  if (error instanceof Error && error.name === 'TimeoutError') {
    return new StepError('unavailable', `${host(asked)} gave no whole answer within ${timeoutMs / 1000} s`, {
      evidence: [`nothing until the time was over (${asked.method} ${asked.url})`],
      hint: `oc logs -n ${namespace} deploy/${name}-predictor --tail=50   (is it still loading, or overloaded?)`,
      cause: error,
    });
  }
  const said = error instanceof Error ? error.message : typeof error;
  const { failure, message, evidence, hint } = explainNetwork(error, host(asked))?.error ?? {
    failure: 'unavailable' as const,
    message: `${host(asked)} gave no answer`,
    evidence: [`${said} (${asked.method} ${asked.url})`],
    hint: '',
  };
  const tls = /certificate|TLS/.test(message);
  return new StepError(failure, tls ? `LD183 TLS: ${message}` : message, {
    evidence,
    hint: tls
      ? hint
      : `oc get pods,endpointslices -n ${namespace} -l serving.kserve.io/inferenceservice=${name}`,
    cause: error,
  });
}

/** An answer that no OpenAI-compatible server would give. */
export function notOpenAi(
  asked: Pick<Asked, 'url' | 'method'>,
  answer: Pick<Answer, 'status' | 'text'>,
): StepError {
  const page = /<html|<!doctype/i.test(answer.text) ? 'a web page' : 'something else';
  return new StepError('check', `NOT_OPENAI: ${asked.url} answered with ${page} instead of OpenAI's JSON`, {
    evidence: [quote(asked, answer)],
    hint: `curl -sS -i ${asked.url}   (see who answers there; the url must be the model's own)`,
  });
}

function explain401(asked: Asked, answer: Answer): StepError {
  const { namespace, name } = asked.service;
  const headline = asked.token
    ? `LD181 AUTH_401: ${host(asked)} does not accept the token of ${nameOf(askerOf(asked))}`
    : `LD181 AUTH_401: ${host(asked)} asks for a token, and the InferenceService ${name} says that none is needed`;
  return fail('refused', headline, [asked, answer], {
    hint: asked.token
      ? `oc get pods -n ${namespace} -l serving.kserve.io/inferenceservice=${name} -o yaml | grep -A3 auth   (the token must be for this cluster's own API server, and not expired)`
      : `oc annotate inferenceservice ${name} -n ${namespace} security.opendatahub.io/enable-auth=true   (restarts the model)`,
  });
}

function explain403(asked: Asked, answer: Answer): StepError {
  const { namespace, name } = asked.service;
  const asker = askerOf(asked);
  return fail(
    'refused',
    `LD182 AUTH_403: ${nameOf(asker)} may not use ${namespace}/${name}`,
    [asked, answer],
    {
      more: [
        `missing rule: apiGroups [serving.kserve.io], resources [inferenceservices], resourceNames [${name}], verbs [get] (Role in ${namespace})`,
      ],
      hint:
        `oc create role ${name}-view-role -n ${namespace} --verb=get --resource=inferenceservices.serving.kserve.io --resource-name=${name} ; ` +
        `oc create rolebinding ${asker?.name ?? name}-view -n ${namespace} --role=${name}-view-role --serviceaccount=${asker ? `${asker.namespace}:${asker.name}` : '<namespace>:<account>'}`,
    },
  );
}

function explain404(asked: Asked, answer: Answer): StepError {
  const message = openAiMessage(answer.text);
  if (message === undefined) return notOpenAi(asked, answer);
  return fail('check', `the model server does not know what we ask for: ${message}`, [asked, answer], {
    hint: `curl -sS ${new URL(asked.url).origin}/v1/models   (the served name must be one of these)`,
  });
}

function busy(asked: Asked, answer: Answer): StepError {
  return fail('unavailable', `${host(asked)} is busy: it answers 429`, [asked, answer], {
    hint: 'wait for the load to pass, or raise --max-num-seqs of the server, and start the run again',
  });
}

/** The router's page says that no pod is behind the Route; anything else comes from a proxy that cannot reach its server. */
function explain503(asked: Asked, answer: Answer): StepError {
  const { namespace, name } = asked.service;
  const router = /application is not available|haproxy|<html/i.test(answer.text);
  const headline = router
    ? `LD180 ROUTE_503: the router has no ready pod behind ${host(asked)}`
    : `${host(asked)} answers ${answer.status}`;
  return fail('unavailable', headline, [asked, answer], {
    hint: `oc get pods,endpointslices -n ${namespace} -l serving.kserve.io/inferenceservice=${name}`,
  });
}

function explain500(asked: Asked, answer: Answer): StepError {
  const message = openAiMessage(answer.text) ?? 'no reason given';
  const { namespace, name } = asked.service;
  const vocabulary = /vocab|tiktoken/i.test(message);
  return fail(
    'check',
    `${vocabulary ? 'LD132 HARMONY_VOCAB: ' : ''}the model server fails at ${new URL(asked.url).pathname}: ${message}`,
    [asked, answer],
    {
      hint: vocabulary
        ? 'run verify-tiktoken: TIKTOKEN_ENCODINGS_BASE must name a folder that holds the exact o200k_base.tiktoken, or be unset'
        : `oc logs -n ${namespace} deploy/${name}-predictor --tail=100`,
    },
  );
}

function fail(
  failure: Failure,
  headline: string,
  [asked, answer]: readonly [Asked, Answer],
  { hint, more = [] }: { hint: string; more?: readonly string[] },
): StepError {
  return new StepError(failure, headline, { evidence: [quote(asked, answer), ...more], hint });
}

/** `503 <html>… (GET https://…)`, on one line and not longer than a line should be. */
function quote(
  { method, url }: Pick<Asked, 'method' | 'url'>,
  { status, text }: Pick<Answer, 'status' | 'text'>,
): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return `${status} ${line.length > 300 ? `${line.slice(0, 300)}…` : line || '(empty)'} (${method} ${url})`;
}

/** Whom the token speaks for that was shown. */
function askerOf({ token }: Asked): ServiceAccount | undefined {
  return accountOf((token && readToken(token)?.sub) || '');
}

function nameOf(account: ServiceAccount | undefined): string {
  return account ? `${account.namespace}/${account.name}` : 'this account';
}

/** What OpenAI's form of an error says; undefined of anything else. */
export function openAiMessage(text: string): string | undefined {
  const message = at(parseJson(text), 'error', 'message');
  return typeof message === 'string' ? message : undefined;
}

function host({ url }: Pick<Asked, 'url'>): string {
  return new URL(url).host;
}
