import { describe, expect, it } from 'vitest';
import { readOptions } from '../../sandbox/options.ts';

describe('readOptions', () => {
  it('has defaults for everything', () => {
    expect(readOptions([])).toEqual({ modelSize: 320 * 2 ** 20, stay: false, port: 0 });
  });

  it.each([
    [['--model-size', '8GiB'], { modelSize: 8 * 2 ** 30 }],
    [['--model-size=1.5GB'], { modelSize: 1_500_000_000 }],
    [['--stay', '--port=9000'], { stay: true, port: 9000 }],
  ])('%j', (words, expected) => {
    expect(readOptions(words)).toMatchObject(expected);
  });

  it('names everything that is wrong at once', () => {
    expect(readOptions(['--model-size=big', '--port=x', '--fast', 'word'])).toEqual({
      problems: [
        '--fast: no such flag',
        'word: is not a flag',
        '--model-size: big is not a size, such as 8GiB',
        '--port: x is not a port',
      ],
    });
  });

  it('shows the usage when asked', () => {
    expect(readOptions(['--help', '--nope'])).toBe('help');
  });
});
