import { decode, encode, type Written } from '../protobuf/codec.ts';
import { type FileSpec, fileDescriptor, type ServiceSpec, symbolsOf } from '../protobuf/descriptor.ts';
import { type Message, MessageType, many, one, oneOf } from '../protobuf/schema.ts';
import type { StreamCall, StreamHandler, StreamMethod } from './call.ts';
import { NUMBER_OF, unreadable } from './status.ts';

/** The same in both packages that clients know it by. */
function definitions(name: string) {
  const ExtensionRequest = new MessageType(`${name}.ExtensionRequest`, {
    containing_type: one(1, 'string'),
    extension_number: one(2, 'int32'),
  });
  const Request = new MessageType(`${name}.ServerReflectionRequest`, {
    host: one(1, 'string'),
    file_by_filename: oneOf('message_request', 3, 'string'),
    file_containing_symbol: oneOf('message_request', 4, 'string'),
    file_containing_extension: oneOf('message_request', 5, ExtensionRequest),
    all_extension_numbers_of_type: oneOf('message_request', 6, 'string'),
    list_services: oneOf('message_request', 7, 'string'),
  });
  const Files = new MessageType(`${name}.FileDescriptorResponse`, {
    file_descriptor_proto: many(1, 'bytes'),
  });
  const Extensions = new MessageType(`${name}.ExtensionNumberResponse`, {
    base_type_name: one(1, 'string'),
    extension_number: many(2, 'int32'),
  });
  const Service = new MessageType(`${name}.ServiceResponse`, { name: one(1, 'string') });
  const Services = new MessageType(`${name}.ListServiceResponse`, { service: many(1, Service) });
  const Failure = new MessageType(`${name}.ErrorResponse`, {
    error_code: one(1, 'int32'),
    error_message: one(2, 'string'),
  });
  const Response = new MessageType(`${name}.ServerReflectionResponse`, {
    valid_host: one(1, 'string'),
    original_request: one(2, Request),
    file_descriptor_response: oneOf('message_response', 4, Files),
    all_extension_numbers_response: oneOf('message_response', 5, Extensions),
    list_services_response: oneOf('message_response', 6, Services),
    error_response: oneOf('message_response', 7, Failure),
  });
  const service: ServiceSpec = {
    name: `${name}.ServerReflection`,
    methods: {
      ServerReflectionInfo: { input: Request, output: Response, clientStreams: true, serverStreams: true },
    },
  };
  const file: FileSpec = {
    name: `${name.replaceAll('.', '/')}/reflection.proto`,
    package: name,
    imports: [],
    types: [Request, ExtensionRequest, Response, Files, Extensions, Services, Service, Failure],
    services: [service],
  };
  return { Request, Response, file, path: `/${service.name}/ServerReflectionInfo` };
}

const VERSIONS = [definitions('grpc.reflection.v1'), definitions('grpc.reflection.v1alpha')] as const;

export const REFLECTION_FILES: readonly FileSpec[] = VERSIONS.map(({ file }) => file);

type Definitions = (typeof VERSIONS)[number];
type Request = Message<Definitions['Request']>;
type Answer = Omit<Written<Definitions['Response']>, 'valid_host' | 'original_request'>;

/** grpc.reflection.v1 and v1alpha: what grpcurl and others learn the services from. */
export class Reflection {
  readonly #roots: readonly FileSpec[];
  /** Made when they are first asked for. */
  #index: { files: Map<string, FileSpec>; symbols: Map<string, FileSpec> } | undefined;

  /** @param files those of the services that are served; what they import comes along */
  constructor(files: readonly FileSpec[]) {
    this.#roots = [...files, ...REFLECTION_FILES];
  }

  methods(): StreamMethod[] {
    return VERSIONS.map((definitions) => ({
      path: definitions.path,
      open: (call) => this.#open(call, definitions),
    }));
  }

  #open(call: StreamCall, { Request, Response }: Definitions): StreamHandler {
    return {
      message: (message) => {
        const request = read(Request, message);
        call.send(
          encode(Response, { ...this.#answer(request), valid_host: request.host, original_request: request }),
        );
      },
      ended: () => call.end(),
      closed: () => {},
    };
  }

  #answer(request: Request): Answer {
    const {
      file_by_filename: name,
      file_containing_symbol: symbol,
      list_services,
      file_containing_extension,
    } = request;
    const { files, symbols } = this.#indexed();
    if (name !== undefined) return described(files.get(name), `no file ${name}`);
    if (symbol !== undefined) return described(symbols.get(symbol), `no symbol ${symbol}`);
    if (list_services !== undefined) {
      const services = this.#roots.flatMap((file) => file.services);
      return { list_services_response: { service: services.map(({ name }) => ({ name })) } };
    }
    if (file_containing_extension !== undefined)
      return failure('NOT_FOUND', 'no message has extensions here');
    const type = request.all_extension_numbers_of_type;
    if (type === undefined) return failure('INVALID_ARGUMENT', 'a request that asks for nothing');
    if (!symbols.has(type)) return failure('NOT_FOUND', `no symbol ${type}`);
    return { all_extension_numbers_response: { base_type_name: type } };
  }

  #indexed() {
    if (this.#index === undefined) {
      const files = new Map(this.#roots.flatMap(withImports).map((file) => [file.name, file]));
      const symbols = new Map<string, FileSpec>();
      for (const file of files.values()) for (const symbol of symbolsOf(file)) symbols.set(symbol, file);
      this.#index = { files, symbols };
    }
    return this.#index;
  }
}

function described(file: FileSpec | undefined, otherwise: string): Answer {
  if (file === undefined) return failure('NOT_FOUND', otherwise);
  return { file_descriptor_response: { file_descriptor_proto: withImports(file).map(fileDescriptor) } };
}

/** The file, then all that it imports, each once. */
function withImports(file: FileSpec): FileSpec[] {
  return [...new Set([file, ...file.imports.flatMap(withImports)])];
}

function failure(code: 'NOT_FOUND' | 'INVALID_ARGUMENT', message: string): Answer {
  return { error_response: { error_code: NUMBER_OF[code], error_message: message.slice(0, 200) } };
}

function read(type: Definitions['Request'], message: Buffer): Request {
  try {
    return decode(type, message);
  } catch (error) {
    throw unreadable(error);
  }
}
