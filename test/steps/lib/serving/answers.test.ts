import { describe, expect, it } from 'vitest';
import { proveAnswer } from '../../../../steps/lib/serving/answers.ts';
import { listeningLog } from './time.ts';

function endpointServing(...names: string[]) {
  const asked: string[] = [];
  return {
    asked,
    url: 'https://gpt',
    listModels: () => Promise.resolve(names.map((id) => ({ id }))),
    chat: (model: string) => {
      asked.push(model);
      return Promise.resolve({ content: ' I am\n ready ', reasoning: '', finishReason: 'stop' });
    },
  };
}

describe('the proof that a model answers', () => {
  it('asks the served name and says what it heard', async () => {
    const endpoint = endpointServing('other', 'gpt');
    const { log, lines } = listeningLog();
    await expect(proveAnswer(endpoint, 'gpt', { log })).resolves.toBe('gpt');
    expect(endpoint.asked).toEqual(['gpt']);
    expect(lines).toEqual(['answers  model=gpt said="I am ready" finish=stop']);
  });

  it('asks the first model when it knows no name', async () => {
    const endpoint = endpointServing('first', 'second');
    await expect(proveAnswer(endpoint, '', { log: listeningLog().log })).resolves.toBe('first');
  });

  it('is no proof when the name is not served, and names those that are', async () => {
    const endpoint = endpointServing('a', 'b');
    await expect(proveAnswer(endpoint, 'gpt', { log: listeningLog().log })).rejects.toMatchObject({
      failure: 'check',
      message: 'the server does not serve gpt',
      evidence: ['models: a, b (GET https://gpt/v1/models)'],
    });
    expect(endpoint.asked).toEqual([]);
  });

  it('is no proof when nothing is served', async () => {
    await expect(proveAnswer(endpointServing(), '', { log: listeningLog().log })).rejects.toMatchObject({
      evidence: ['models: (none) (GET https://gpt/v1/models)'],
    });
  });
});
