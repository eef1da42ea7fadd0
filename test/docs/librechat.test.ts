import { readFile } from 'node:fs/promises';
import { configSchema, extractEnvVariable } from 'librechat-data-provider';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { slots } from '../../steps/rotate-token/plan.ts';
import { spec } from '../../steps/rotate-token/spec.ts';

const page = await readFile(new URL('../../docs/librechat.md', import.meta.url), 'utf8');
const block = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? '';

interface LibreChatConfig {
  readonly endpoints: { readonly custom: readonly { readonly apiKey: string; readonly baseURL: string }[] };
}

test('the block for librechat.yaml is one that LibreChat takes, and it drops nothing of it', () => {
  const config = parse(block) as LibreChatConfig;
  const taken = configSchema.strict().parse(config) as unknown as LibreChatConfig;
  expect(taken.endpoints.custom[0]).toEqual(config.endpoints.custom[0]);
});

test('what the page says that LibreChat drops, it drops', () => {
  const config = parse(block) as { endpoints: { custom: Record<string, unknown>[] } };
  const [endpoint = {}] = config.endpoints.custom;
  const extra = { features: { toolCalls: true }, summarize: false, summaryModel: 'x', forcePrompt: false };
  const more = { ...config, endpoints: { custom: [{ ...endpoint, ...extra }] } };
  const taken = configSchema.strict().parse(more) as unknown as LibreChatConfig;
  expect(taken.endpoints.custom[0]).toEqual(endpoint);
});

test('its token comes from the key that rotate-token writes, and is sent as it stands when that is not set', () => {
  const config = parse(block) as LibreChatConfig;
  const { apiKey = '', baseURL = '' } = config.endpoints.custom[0] ?? {};
  expect(apiKey).toBe(`\${${spec.params['consumer-key'].default}}`);
  expect(extractEnvVariable(apiKey)).toBe(apiKey);
  expect(baseURL).toMatch(/^https:.*\/v1$/);
});

test('the names on the page are the defaults of rotate-token', () => {
  for (const name of ['consumer-secret', 'consumer-key', 'service-account'] as const)
    expect(page).toContain(spec.params[name].default);
  const account = spec.params['service-account'].default;
  expect(page).toContain(`\`${account}-token-1\` to \`-${slots.length}\``);
});
