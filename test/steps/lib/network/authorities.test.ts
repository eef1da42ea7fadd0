import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAuthority } from '../../../../sandbox/certificates.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { addAuthorities } from '../../../../steps/lib/network/authorities.ts';

describe('authorities', () => {
  test('are found in files and folders, each once, and not those that are known', async () => {
    const folder = await createFolder();
    const [one, two, three, known] = await Promise.all(['one', 'two', 'three', 'known'].map(createAuthority));
    await write(folder, 'a.crt', `# a comment\n${one?.pem}\n${known?.pem}\n`);
    await write(folder, 'b/b.pem', `${two?.pem}\r\n${one?.pem?.replaceAll('\n', '\r\n')}`);
    await write(folder, 'c/c.crt', `${three?.pem}`);
    await write(
      folder,
      'c/private.key',
      '-----BEGIN PRIVATE KEY-----\nnone of ours\n-----END PRIVATE KEY-----\n',
    );
    const env = {
      SSL_CERT_FILE: path.join(folder, 'a.crt'),
      SSL_CERT_DIR: [path.join(folder, 'b'), path.join(folder, 'missing')].join(':'),
      LLM_ROLLOUT_CA_DIR: path.join(folder, 'c'),
    };
    const added = await addAuthorities(env, [known?.pem ?? ''], createLines().log);
    expect(added.map(({ place }) => path.relative(folder, place))).toEqual(['c', 'a.crt', 'b']);
    expect(added.map(({ pem }) => pem.trim())).toEqual(
      [three, one, two].map((authority) => authority?.pem.trim()),
    );
  });

  test('a volume of a ConfigMap is read once, although the kubelet names each file twice', async () => {
    const folder = await createFolder();
    const { pem } = await createAuthority('mounted');
    await write(folder, '..2026_01_01/ca-bundle.crt', pem);
    await symlink('..2026_01_01', path.join(folder, '..data'));
    await symlink('..data/ca-bundle.crt', path.join(folder, 'ca-bundle.crt'));
    const added = await addAuthorities({ LLM_ROLLOUT_CA_DIR: folder }, [], createLines().log);
    expect(added).toHaveLength(1);
  });

  test('what is no certificate is left out, and said', async () => {
    const folder = await createFolder();
    await write(folder, 'broken.crt', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    const { log, lines } = createLines();
    expect(await addAuthorities({ LLM_ROLLOUT_CA_DIR: folder }, [], log)).toEqual([]);
    expect(lines.join('')).toBe(`warn not a certificate, left out  place=${folder}\n`);
  });

  test('none of the places need exist', async () => {
    expect(
      await addAuthorities({ SSL_CERT_DIR: '/nowhere:', SSL_CERT_FILE: '' }, [], createLines().log),
    ).toEqual([]);
  });
});

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'authorities-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function write(folder: string, name: string, text: string): Promise<void> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
}

function createLines() {
  const lines: string[] = [];
  return { lines, log: createLog({ write: (line) => lines.push(line), env: {}, step: 'test' }) };
}
