import { StepError } from '../errors.ts';
import { at, textAt } from '../json.ts';

export interface ServedModel {
  readonly id: string;
  readonly maxModelLength?: number;
}

export interface ChatAnswer {
  readonly content: string;
  readonly reasoning: string;
  readonly finishReason: string;
}

/** The models of a GET /v1/models answer. */
export function readModels(body: unknown): ServedModel[] {
  const data = at(body, 'data');
  if (!Array.isArray(data)) throw notOpenAiShape('/v1/models', body, 'no list `data`');
  return data.map((each: unknown) => {
    const id = at(each, 'id');
    if (typeof id !== 'string') throw notOpenAiShape('/v1/models', body, 'a model without `id`');
    const length = at(each, 'max_model_len');
    return { id, ...(typeof length === 'number' && { maxModelLength: length }) };
  });
}

/** The first choice of a chat completion. */
export function readChat(body: unknown): ChatAnswer {
  const choices = at(body, 'choices');
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const message = at(choice, 'message');
  if (typeof message !== 'object' || message === null)
    throw notOpenAiShape('/v1/chat/completions', body, 'no `choices[0].message`');
  const answer = {
    content: textAt(message, 'content'),
    reasoning: reasoningOf(message),
    finishReason: textAt(choice, 'finish_reason'),
  };
  if (answer.finishReason === 'abort') throw brokenOff();
  if (answer.content.trim() === '' && answer.reasoning.trim() === '') {
    throw new StepError('check', 'the model answered a chat with nothing', {
      evidence: [`${JSON.stringify(body).slice(0, 300)} (POST /v1/chat/completions)`],
      hint: 'read the log of its container, and compare the chat template and the weights with the model repository',
    });
  }
  return answer;
}

/** Of a message or a delta: under `reasoning` since vLLM 0.16, under `reasoning_content` before. */
export function reasoningOf(message: unknown): string {
  return textAt(message, 'reasoning') || textAt(message, 'reasoning_content');
}

/** vLLM ends what it is at with a 200 and `finish_reason: abort` when it is told to stop. */
export function brokenOff(): StepError {
  return new StepError('unavailable', 'the model server broke off its answer: it is being stopped', {
    evidence: ['finish_reason abort (POST /v1/chat/completions)'],
    hint: 'see why its pod ends: oc get events --sort-by=.lastTimestamp',
  });
}

function notOpenAiShape(path: string, body: unknown, why: string): StepError {
  return new StepError('check', `NOT_OPENAI: the answer at ${path} is JSON, but not OpenAI's: ${why}`, {
    evidence: [`${JSON.stringify(body).slice(0, 300)} (${path})`],
    hint: "see who answers at this address; the url must be the model's own",
  });
}
