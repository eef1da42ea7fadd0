import { expect, test } from 'vitest';
import { rulesWith } from '../../../../steps/stage-model/policy/default-rules.ts';
import { selectFiles } from '../../../../steps/stage-model/policy/select.ts';

/** openai/gpt-oss-20b as it lies on the Hub. */
const gptOss = {
  kept: [
    'LICENSE',
    'README.md',
    'USAGE_POLICY',
    'chat_template.jinja',
    'config.json',
    'generation_config.json',
    'model-00000-of-00002.safetensors',
    'model-00001-of-00002.safetensors',
    'model-00002-of-00002.safetensors',
    'model.safetensors.index.json',
    'special_tokens_map.json',
    'tokenizer.json',
    'tokenizer_config.json',
  ],
  ignored: [
    '.gitattributes',
    'metal/model.bin',
    'original/config.json',
    'original/dtypes.json',
    'original/model.safetensors',
  ],
};

const select = (paths: readonly string[], lines: readonly string[] = []) =>
  selectFiles(
    paths.map((path) => ({ path, size: 1, digest: { algorithm: 'sha256', hex: '' } as const })),
    rulesWith(lines),
  );

test('of gpt-oss the three copies of the weights become one', () => {
  const { kept, ignored } = select([...gptOss.kept, ...gptOss.ignored]);
  expect(kept.map(({ path }) => path)).toEqual(gptOss.kept);
  expect(ignored.map(({ file }) => file.path)).toEqual(gptOss.ignored);
  expect(ignored.every(({ why }) => why.length > 5)).toBe(true);
});

test.each([
  ['pytorch_model-00001-of-00002.bin', ['model.safetensors'], false],
  ['pytorch_model.bin.index.json', ['model.safetensors'], false],
  ['pytorch_model.bin', [], true],
  ['training_args.bin', [], false],
  ['preprocessor_config.json', [], true],
  ['assets/picture.png', [], false],
  ['onnx/model.onnx', [], false],
  ['merges.txt', [], true],
])('%s beside %j: kept is %s', (path, others, expected) => {
  expect(select([path, ...others]).kept.some((file) => file.path === path)).toBe(expected);
});

test('a line of the run comes after them and wins', () => {
  expect(select(['original/config.json'], ['!original/**']).kept).toHaveLength(1);
});
