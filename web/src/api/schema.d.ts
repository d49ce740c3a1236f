/**
 * Written by `npm run generate` from ../api/openapi.json. Do not edit.
 */
export type paths = Record<string, never>;
export type components = { schemas: Record<string, never> };
