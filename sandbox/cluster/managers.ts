import { type FieldSet, fromFieldsV1, toFieldsV1 } from './field-set.ts';
import { at, type Json, listAt, textAt } from './json.ts';

/** One entry of `metadata.managedFields`. */
export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string;
  readonly fields: FieldSet;
}

export function managersOf(object: Json): Manager[] {
  return listAt(object, 'metadata', 'managedFields').map((entry) => ({
    manager: textAt(entry, 'manager') ?? '',
    operation: textAt(entry, 'operation') === 'Apply' ? 'Apply' : 'Update',
    apiVersion: textAt(entry, 'apiVersion') ?? '',
    subresource: textAt(entry, 'subresource') ?? '',
    time: textAt(entry, 'time') ?? '',
    fields: fromFieldsV1(at(entry, 'fieldsV1')),
  }));
}

export function withManagers(object: Json, managers: readonly Manager[]): Json {
  const managedFields = managers
    .filter(({ fields }) => fields.size > 0)
    .map(({ manager, operation, apiVersion, subresource, time, fields }) => ({
      manager,
      operation,
      apiVersion,
      time,
      fieldsType: 'FieldsV1',
      fieldsV1: toFieldsV1(fields),
      ...(subresource === '' ? {} : { subresource }),
    }));
  const { managedFields: _, ...metadata } = object['metadata'] as Json;
  const tracked = managedFields.length === 0 ? {} : { managedFields };
  return { ...object, metadata: { ...metadata, ...tracked } };
}
