import { StepError } from '../errors.ts';
import { requestedWait } from '../retry.ts';
import { HubFault } from './fault.ts';
import type { AnswerHeaders } from './headers.ts';

export interface Asked {
  readonly endpoint: URL;
  readonly model: string;
  readonly revision: string;
  readonly path?: string;
  readonly withToken: boolean;
}

export interface Refused {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Where the answer came from; of its address only host and path are ever shown. */
  readonly url: URL;
  readonly now: number;
}

const tokenHint =
  "oc create secret generic hf-token --from-literal=token=hf_…   (a token with read access, from the Hub's settings page; the param hf-secret names the Secret)";

/** An answer that is no success, as the fault it is: by the Hub's X-Error-Code first, then by status. Total. */
export function explainRefusal(asked: Asked, refused: Refused): HubFault {
  const code = refused.headers.get('x-error-code') ?? '';
  // Any word may come, `constructor` too, and every object has that.
  const known = Object.hasOwn(byCode, code) ? byCode[code] : undefined;
  const explain = known ?? byStatus[refused.status] ?? explainRest;
  return explain(asked, refused);
}

type Explain = (asked: Asked, refused: Refused) => HubFault;

const byCode: Record<string, Explain> = {
  GatedRepo: (asked, refused) => {
    const page = new URL(asked.model, asked.endpoint).href;
    return permanent(asked, refused, `${asked.model} is gated: its terms must be accepted first`, {
      hint: asked.withToken
        ? `accept the terms at ${page} with the account that the token in hf-secret belongs to`
        : `accept the terms at ${page}, then: ${tokenHint}`,
    });
  },
  RepoNotFound: (asked, refused) =>
    permanent(asked, refused, `${asked.endpoint.host} has no model ${asked.model}, or it is private`, {
      hint: asked.withToken
        ? `check the spelling of --model, and that the token may read it: ${new URL(asked.model, asked.endpoint).href}`
        : `check the spelling of --model; for a private model: ${tokenHint}`,
    }),
  RevisionNotFound: (asked, refused) =>
    permanent(asked, refused, `${asked.model} has no revision ${JSON.stringify(asked.revision)}`, {
      hint: `curl -s ${asked.endpoint.href}api/models/${asked.model}/refs   (its branches and tags)`,
    }),
  EntryNotFound: (asked, refused) =>
    permanent(asked, refused, `${asked.model}@${asked.revision} has no file ${asked.path ?? ''}`, {
      hint: `curl -s ${asked.endpoint.href}api/models/${asked.model}/tree/${asked.revision}   (what it has)`,
    }),
  DisabledRepo: (asked, refused) =>
    permanent(asked, refused, `${asked.model} was disabled by the Hub`, {
      hint: `see why at ${new URL(asked.model, asked.endpoint).href}, and choose another model`,
    }),
};

const explain404: Explain = (asked, refused) =>
  permanent(asked, refused, `${asked.endpoint.host} does not know what every Hub knows`, {
    hint: `curl -si ${asked.endpoint.href}api/models/${asked.model}   (is hf-endpoint the root of a Hub or of a mirror?)`,
  });

const byStatus: Record<number, Explain> = {
  401: (asked, refused) =>
    permanent(
      asked,
      refused,
      asked.withToken
        ? `${asked.endpoint.host} does not accept our token`
        : `${asked.endpoint.host} asks for a token`,
      { hint: tokenHint },
    ),
  403: (asked, refused) =>
    permanent(asked, refused, `${refused.url.host} forbids ${asked.path ?? asked.model}`, {
      hint: asked.withToken
        ? `check what the token may read: ${asked.endpoint.href}settings/tokens`
        : tokenHint,
    }),
  404: explain404,
  410: explain404,
  429: (asked, refused) => {
    const wait = requestedWait(refused.headers, refused.now);
    const asks = wait === undefined ? '' : ` and asks to wait ${seconds(wait)}`;
    return transient(asked, refused, `${refused.url.host} limits our requests${asks}`, {
      hint: asked.withToken
        ? 'run it again later: what is staged stays'
        : `limits are higher with a token: ${tokenHint}`,
    });
  },
};

function explainRest(asked: Asked, refused: Refused): HubFault {
  const { status, url } = refused;
  const again = status === 408 || status === 425 || (status >= 500 && status !== 501);
  if (again)
    return transient(asked, refused, `${url.host} answers ${status}`, {
      hint: 'see https://status.huggingface.co, and run it again later: what is staged stays',
    });
  const error = new StepError('check', `${url.host} answers ${status}, which no Hub does here`, {
    evidence: [quote(asked, refused)],
    hint: 'check hf-endpoint, and what stands between it and the pod (proxy, mirror)',
  });
  return new HubFault(error, { verdict: false, unnamed: unnamed(refused) });
}

function permanent(asked: Asked, refused: Refused, headline: string, { hint }: { hint: string }): HubFault {
  const error = new StepError('refused', headline, { evidence: [quote(asked, refused)], hint });
  return new HubFault(error, { verdict: false, unnamed: unnamed(refused) });
}

/** A Hub names the reason, X-Error-Code, wherever it knows the address. */
function unnamed({ status, headers }: Refused): number | undefined {
  return headers.has('x-error-code') ? undefined : status;
}

function transient(asked: Asked, refused: Refused, headline: string, { hint }: { hint: string }): HubFault {
  const wait = requestedWait(refused.headers, refused.now);
  const error = new StepError('unavailable', headline, { evidence: [quote(asked, refused)], hint });
  const slowDown = refused.status === 429 || refused.status === 503;
  // Asked for no wait at all it would otherwise be asked for ever.
  return new HubFault(error, { verdict: wait ? { afterMs: wait } : true, slowDown });
}

/** `403 GatedRepo: Access to model x is restricted (huggingface.co, GET /api/models/x/revision/main)` */
function quote(asked: Asked, { status, headers, url }: Refused): string {
  const said = [headers.get('x-error-code'), headers.get('x-error-message')?.slice(0, 200)];
  const what = [String(status), said.filter(Boolean).join(': ')].filter(Boolean).join(' ');
  const where =
    url.origin === asked.endpoint.origin ? `GET ${url.pathname}` : `GET ${asked.path ?? 'redirected'}`;
  return `${what} (${url.host}, ${where})`;
}

function seconds(ms: number): string {
  const whole = Math.ceil(ms / 1000);
  return whole < 7200 ? `${whole} s` : `${Math.round(whole / 3600)} h`;
}
