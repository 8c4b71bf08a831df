// What of Swagger UI is used here; the package brings no types.
declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  /** What plugins are told. Its React is not ours. */
  export type System = {
    React: {
      createElement: (tag: string, props: object | null, ...children: unknown[]) => unknown;
    };
  };
  export type Plugin = (system: System) => { components: Record<string, unknown> };
  type Options = {
    domNode: HTMLElement;
    url: string;
    layout: string;
    plugins: Plugin[];
    validatorUrl: null;
    persistAuthorization: boolean;
    tryItOutEnabled: boolean;
    queryConfigEnabled: boolean;
    docExpansion: "list" | "none";
    defaultModelsExpandDepth: number;
    filter: boolean;
    deepLinking: boolean;
  };
  export default function SwaggerUI(options: Options): unknown;
}
