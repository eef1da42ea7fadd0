import { judgeJson, jsonLimit } from '../../../../steps/stage-model/policy/policy.ts';
import { judgeHeader, lengthField } from '../../../../steps/stage-model/policy/safetensors.ts';

/* Prints what is said of a file that takes much when it is parsed; for a process whose heap a test holds small. */
const outcomes: Readonly<Record<string, () => unknown>> = {
  numbers: () => {
    const bytes = Buffer.from(`[${'0,'.repeat(jsonLimit / 2 - 2)}{"auto_map":1}]`);
    const digest = { algorithm: 'sha256', hex: 'a'.repeat(64) } as const;
    return judgeJson({ path: 'scales.json', size: bytes.length, digest }, bytes)[0]?.why;
  },
  tensors: () => {
    const count = 300_000;
    const header = Buffer.alloc(count * 48, ' ');
    for (let i = 0, at = header.write('{'); i < count; i += 1)
      at += header.write(`"w${i}":{"data_offsets":[${i},${i + 1}]}${i + 1 < count ? ',' : '}'}`, at);
    return judgeHeader(header, lengthField + header.length + count);
  },
};

process.stdout.write(String(outcomes[process.argv[2] ?? '']?.()));
