import { parseRules, type Rule } from './select.ts';

/** The default rules, and after them, so that they win, the lines of --ignore. */
export function rulesWith(lines: readonly string[]): Rule[] {
  return [...defaultRules, ...parseRules(lines)];
}

const leave = (why: string, ...patterns: string[]): Rule[] =>
  patterns.map((pattern) => ({ pattern, keep: false, why }));

/**
 * What is left out unless somebody takes it back in: KServe downloads all that lies under the prefix at every start of
 * a pod, and vLLM reads none of this. Licences and use policies stay: they belong to the weights.
 */
const defaultRules: readonly Rule[] = [
  ...leave("git's own", '**/.gitattributes', '**/.gitignore'),
  ...leave("second copy of the weights, in the vendor's own layout", 'original/**'),
  ...leave("another copy of the weights, for Apple's Metal", 'metal/**'),
  ...leave('for another runtime', '**/*.gguf', '**/*.onnx', '**/*.onnx_data', 'onnx/**', 'openvino/**'),
  ...leave('for another runtime', 'coreml/**', '**/*.mlmodel', '**/*.mlpackage/**', '**/*.tflite'),
  ...leave('weights for Flax, TensorFlow or Rust', '**/*.msgpack', '**/*.h5', '**/*.ot'),
  ...leave('left over from training', '**/training_args.bin', '**/optimizer.pt', '**/scheduler.pt'),
  ...leave('left over from training', '**/rng_state*.pth', '**/trainer_state.json', 'runs/**'),
  ...leave('picture or film of the model card', '**/*.png', '**/*.jpg', '**/*.jpeg', '**/*.gif'),
  ...leave('picture or film of the model card', '**/*.svg', '**/*.webp', '**/*.mp4', '**/*.pdf'),
  {
    pattern: '**/pytorch_model*.bin*',
    keep: false,
    why: 'pickled twin of the safetensors',
    onlyWith: '*.safetensors',
  },
];
