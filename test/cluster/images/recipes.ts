import type { ComponentName } from '../components.ts';

/** What an image is made of. Its tag is the fingerprint of the inputs, so a tag never means two things. */
export interface ImageSource {
  name: string;
  /** Everything that decides what the image holds. */
  inputs: readonly (string | Uint8Array)[];
  containerfile: string | { file: string };
  /** Returns the folder that COPY reads from: \`scratch\`, an empty one that is removed afterwards, or one that stays. Called only for a build. */
  prepare: (scratch: string) => Promise<string>;
  buildArgs?: Record<string, string>;
}

/** An image as it is imported: its name in pods, and the OCI archive that holds it. */
export interface Image {
  name: string;
  tag: string;
  archive: string;
}

/** An image with one Go binary, laid out as Tekton's own releases are. */
export function binaryImage(name: string, binary: string, folder: string): ImageSource {
  const containerfile = `FROM scratch
COPY --chmod=755 ${binary} /ko-app/${binary}
USER 65532
ENTRYPOINT ["/ko-app/${binary}"]
`;
  return { name, inputs: [folder, containerfile], containerfile, prepare: async () => folder };
}

/** The images that are nothing but a binary, by image name. */
export const binaryImages: Record<string, { component: ComponentName; binary: string }> = {
  ...each('pipeline', ['controller', 'webhook', 'entrypoint', 'nop', 'workingdirinit', 'sidecarlogresults']),
  ...each('triggers', ['controller', 'webhook', 'eventlistenersink', 'interceptors']),
  simulator: { component: 'simulator', binary: 'llm-d-inference-sim' },
};

function each(component: ComponentName, binaries: readonly string[]): typeof binaryImages {
  return Object.fromEntries(binaries.map((binary) => [`${component}-${binary}`, { component, binary }]));
}
