package io.dunlin.checkpoint.format;

import io.dunlin.tensor.Shape;

/**
 * One tensor of a safetensors file.
 *
 * @param name unique in the file
 * @param dtype element type
 * @param shape row-major, outermost first
 * @param begin first byte, counted from the end of the header
 * @param end first byte after it
 */
public record StoredTensor(String name, StoredType dtype, Shape shape, long begin, long end) {
    /** How many bytes it takes. */
    public long bytes() {
        return end - begin;
    }
}
