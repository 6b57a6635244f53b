package io.dunlin.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The F32 tensors of a small safetensors file. */
final class Safetensors {
    private Safetensors() {}

    /** Values in row-major order with their extents. */
    record Values(long[] extents, float[] elements) {
        /** Rows become columns. */
        Values transposed() {
            int rows = (int) extents[0];
            int columns = (int) extents[1];
            float[] turned = new float[elements.length];
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < columns; c++) {
                    turned[c * rows + r] = elements[r * columns + c];
                }
            }
            return new Values(new long[] {columns, rows}, turned);
        }
    }

    static Map<String, Values> read(String resource) {
        try (var in = Safetensors.class.getResourceAsStream(resource)) {
            ByteBuffer file = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
            int headerBytes = Math.toIntExact(file.getLong());
            byte[] header = new byte[headerBytes];
            file.get(header);
            ByteBuffer data = file.slice().order(ByteOrder.LITTLE_ENDIAN);
            Map<String, Values> tensors = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> entry :
                    JsonMapper.shared().readTree(header).properties()) {
                if (!entry.getKey().equals("__metadata__")) {
                    tensors.put(entry.getKey(), values(entry.getValue(), data));
                }
            }
            return tensors;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Values values(JsonNode entry, ByteBuffer data) {
        int begin = entry.get("data_offsets").get(0).asInt();
        int end = entry.get("data_offsets").get(1).asInt();
        float[] elements = new float[(end - begin) / Float.BYTES];
        data.slice(begin, end - begin)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(elements);
        long[] extents = new long[entry.get("shape").size()];
        for (int i = 0; i < extents.length; i++) {
            extents[i] = entry.get("shape").get(i).asLong();
        }
        return new Values(extents, elements);
    }
}
