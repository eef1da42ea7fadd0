/** Which fields an object may have, all the way down: a nested shape, `any` for free-form maps, `leaf` for a value, a list of one shape. */
export type Shape =
  | 'leaf'
  | 'any'
  | { readonly list: Shape }
  | {
      readonly fields: Readonly<Record<string, Shape>>;
      /** Fields that must have just this value. */
      readonly only?: Readonly<Record<string, unknown>>;
    };

/** Throws, naming every field that the sandbox does not implement: what is ignored here would act on a cluster. */
export function refuseUnknown(value: unknown, shape: Shape, at: string): void {
  const unknown = [...unknownFields(value, shape, at)];
  if (unknown.length > 0) throw new Error(`the sandbox's Tekton does not implement ${unknown.join(', ')}`);
}

function* unknownFields(value: unknown, shape: Shape, at: string): Generator<string> {
  if (shape === 'any' || value === undefined) return;
  if (shape === 'leaf') {
    if (typeof value === 'object' && !isStringList(value)) yield `${at} as ${JSON.stringify(value)}`;
  } else if (typeof value !== 'object' || value === null) yield `${at} as ${JSON.stringify(value)}`;
  else if ('list' in shape) {
    for (const [n, item] of Object.entries(value)) yield* unknownFields(item, shape.list, `${at}[${n}]`);
  } else yield* unknownMembers(value as Record<string, unknown>, shape, at);
}

function* unknownMembers(
  value: Readonly<Record<string, unknown>>,
  { fields, only = {} }: Extract<Shape, { fields: unknown }>,
  at: string,
): Generator<string> {
  yield* otherValues(value, only, at);
  for (const [name, child] of Object.entries(value)) {
    const known = fields[name];
    if (known) yield* unknownFields(child, known, `${at}.${name}`);
    else yield `${at}.${name}`;
  }
}

function* otherValues(
  value: Readonly<Record<string, unknown>>,
  only: Readonly<Record<string, unknown>>,
  at: string,
): Generator<string> {
  for (const [name, wanted] of Object.entries(only))
    if (value[name] !== wanted) yield `${at} without ${name}: ${String(wanted)}`;
}

function isStringList(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

const metadata: Shape = {
  fields: { name: 'leaf', generateName: 'leaf', namespace: 'leaf', labels: 'any', annotations: 'any' },
};
const param: Shape = { fields: { name: 'leaf', type: 'leaf', description: 'leaf', default: 'leaf' } };
const result: Shape = { fields: { name: 'leaf', type: 'leaf', description: 'leaf', value: 'leaf' } };
const binding: Shape = { fields: { name: 'leaf', value: 'leaf' } };

/** One that nobody has to bind: then there is nothing to do for it, and a run that binds one is refused. */
const workspace: Shape = {
  fields: { name: 'leaf', description: 'leaf', optional: 'leaf', readOnly: 'leaf', mountPath: 'leaf' },
  only: { optional: true },
};

const finallyFields: Readonly<Record<string, Shape>> = {
  name: 'leaf',
  displayName: 'leaf',
  description: 'leaf',
  taskRef: { fields: { name: 'leaf', kind: 'leaf' } },
  runAfter: 'leaf',
  params: { list: binding },
  workspaces: { list: { fields: { name: 'leaf', workspace: 'leaf' } } },
  when: { list: { fields: { input: 'leaf', operator: 'leaf', values: 'leaf' } } },
  retries: 'leaf',
  timeout: 'leaf',
};

const pipelineTask: Shape = {
  fields: { ...finallyFields, matrix: { fields: { params: { list: binding } } } },
};

export const pipelineShape: Shape = {
  fields: {
    apiVersion: 'leaf',
    kind: 'leaf',
    metadata,
    spec: {
      fields: {
        displayName: 'leaf',
        description: 'leaf',
        params: { list: param },
        workspaces: { list: workspace },
        results: { list: result },
        tasks: { list: pipelineTask },
        finally: { list: { fields: finallyFields } },
      },
    },
  },
};

export const taskShape: Shape = {
  fields: {
    apiVersion: 'leaf',
    kind: 'leaf',
    metadata,
    spec: {
      fields: {
        displayName: 'leaf',
        description: 'leaf',
        params: { list: param },
        workspaces: { list: workspace },
        results: { list: result },
        volumes: {
          list: {
            fields: {
              name: 'leaf',
              emptyDir: 'any',
              secret: { fields: { secretName: 'leaf', optional: 'leaf' } },
              configMap: { fields: { name: 'leaf', optional: 'leaf' } },
            },
          },
        },
        steps: {
          list: {
            fields: {
              name: 'leaf',
              image: 'leaf',
              command: 'leaf',
              args: 'leaf',
              env: { list: binding },
              computeResources: 'any',
              securityContext: 'any',
              volumeMounts: { list: { fields: { name: 'leaf', mountPath: 'leaf', readOnly: 'leaf' } } },
            },
          },
        },
      },
    },
  },
};

export const pipelineRunShape: Shape = {
  fields: {
    apiVersion: 'leaf',
    kind: 'leaf',
    metadata,
    spec: {
      fields: {
        pipelineRef: { fields: { name: 'leaf' } },
        params: { list: binding },
        timeouts: { fields: { pipeline: 'leaf', tasks: 'leaf', finally: 'leaf' } },
        taskRunTemplate: { fields: { serviceAccountName: 'leaf' } },
        taskRunSpecs: { list: { fields: { pipelineTaskName: 'leaf', serviceAccountName: 'leaf' } } },
      },
    },
  },
};
