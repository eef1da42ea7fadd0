import { StepError } from '../errors.ts';
import { HubFault } from './fault.ts';
import type { Asked } from './refusal.ts';

/** The Hub sends a renamed repository on to its new name; whoever sends anything else of its API on is no Hub. */
export function moved(asked: Asked, from: URL, location: string | null): HubFault {
  const to = URL.parse(location ?? '', from.href);
  const [, name] = /\/api\/models\/([^/?]+\/[^/?]+)/.exec(to?.pathname ?? '') ?? [];
  const renamed = to?.origin === from.origin && name !== undefined && name !== asked.model;
  const error = renamed ? renamedTo(name, asked, from) : sentOn(to?.origin ?? 'nowhere', from);
  return new HubFault(error, { verdict: false });
}

function renamedTo(name: string, { model }: Asked, { host }: URL): StepError {
  return new StepError('refused', `${model} was renamed to ${name}`, {
    evidence: [`Location: /api/models/${name} (${host})`],
    hint: `--model=${name}   (the name is part of where the model is stored, so nothing follows by itself)`,
  });
}

function sentOn(origin: string, { host }: URL): StepError {
  return new StepError('refused', `${host} is no Hub itself: it sends us on to ${origin}`, {
    evidence: [`Location: ${origin}/… (${host})`],
    hint: `--hf-endpoint=${origin}   if that is the Hub you mean`,
  });
}
