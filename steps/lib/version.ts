import packageJson from '../../package.json' with { type: 'json' };

/** Version of all Tasks: package.json, the image's tag and the label are the same. */
export const toolVersion: string = packageJson.version;
