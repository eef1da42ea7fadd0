import { describe, expect, it } from 'vitest';
import { generate } from '../../tasks/generate.ts';

describe('generate --check', () => {
  it('finds the committed YAML, Roles and tables to be what the specs declare', async () => {
    expect(await generate(true)).toBe(0);
  });
});
