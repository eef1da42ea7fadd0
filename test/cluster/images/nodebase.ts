import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { output } from '../command.ts';
import type { ImageSource } from './recipes.ts';

const certificates = '/etc/ssl/certs/ca-certificates.crt';

const containerfile = `FROM scratch
COPY root/ /
ENV PATH=/usr/local/bin:/usr/bin:/bin
USER 1001
`;

/** In the place of UBI's Node image, which only a registry has: the Node that runs this, its libraries and the CA bundle. */
export async function nodebase(node: string = process.execPath): Promise<ImageSource> {
  const libraries = await librariesOf(node);
  return {
    name: 'nodebase',
    inputs: [await digest(node), ...libraries, containerfile],
    containerfile,
    prepare: async (folder) => {
      const root = join(folder, 'root');
      await place(node, join(root, 'usr/bin/node'));
      for (const file of [...libraries, certificates]) await place(file, join(root, file));
      await mkdir(join(root, 'tmp'));
      await output('chmod', ['1777', join(root, 'tmp')]);
      return folder;
    },
  };
}

/** The absolute paths that \`ldd\` prints, the loader among them. */
async function librariesOf(program: string): Promise<string[]> {
  const lines = (await output('ldd', [program])).split('\n');
  return lines.flatMap((line) => /(?:^|\s)(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
