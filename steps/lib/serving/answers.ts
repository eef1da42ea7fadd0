import type { Endpoint } from '../endpoint.ts';
import { StepError } from '../errors.ts';
import type { Log } from '../log.ts';

/** A listed name and one answer: Ready and /health pass with a vocabulary or kernels that fail at the first chat. Gives the name. */
export async function proveAnswer(
  endpoint: Pick<Endpoint, 'url' | 'listModels' | 'chat'>,
  servedName: string,
  { log, signal }: { readonly log: Log; readonly signal?: AbortSignal },
): Promise<string> {
  const names = (await endpoint.listModels(signal)).map(({ id }) => id);
  const name = servedName === '' ? names[0] : names.find((each) => each === servedName);
  if (name === undefined) {
    throw new StepError('check', `the server does not serve ${servedName || 'any model'}`, {
      evidence: [`models: ${names.join(', ') || '(none)'} (GET ${endpoint.url}/v1/models)`],
      hint: 'give one of these as served-name, or set --served-model-name in args of apply-serving',
    });
  }
  const { content, reasoning, finishReason } = await endpoint.chat(name, signal);
  const said = (content || reasoning).replace(/\s+/g, ' ').trim().slice(0, 80);
  log.info('answers', { model: name, said, finish: finishReason });
  return name;
}
