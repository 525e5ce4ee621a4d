import { ingestContract } from "./ingest.ts";
import { rtmpIngest } from "./rtmp-ingest.ts";

ingestContract(rtmpIngest);
