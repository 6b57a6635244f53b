package io.dunlin.train;

import io.dunlin.model.Model;
import io.dunlin.nn.Parameter;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A flat F32 buffer with a place for the gradient of every parameter; padding between them stays zero. */
final class GradientBuffer {
    private final List<Parameter> parameters;
    private final Tensor[] gradients; // [parameter], views of the buffer
    private final MemorySegment memory;
    private Tensor range = Tensor.NONE; // what was asked for last
    private final List<Tensor> parts = new ArrayList<>(); // views, in the order in which backward completes them

    GradientBuffer(Model model) {
        long elements = model.flatElements();
        parameters = model.parameters();
        memory = model.device().allocate("gradients", elements * Float.BYTES);
        gradients = parameters.stream()
                .map(p -> Tensor.of(DType.F32, p.shape(), memory.asSlice(p.flatOffset() * Float.BYTES)))
                .toArray(Tensor[]::new);
    }

    /** Directs the contributions that follow here; the first of each parameter counts what is here {@code beta} times. */
    void direct(float beta) {
        for (int i = 0; i < gradients.length; i++) {
            parameters.get(i).beginGradient(gradients[i], beta);
        }
    }

    /** Elements offset to offset + length, which is the {@code ordinal}-th part that backward completes. */
    Tensor part(int ordinal, long offset, long length) {
        if (ordinal == parts.size()) {
            parts.add(
                    Tensor.of(DType.F32, Shape.of(length), memory.asSlice(offset * Float.BYTES, length * Float.BYTES)));
        }
        Tensor part = parts.get(ordinal);
        if (part.elements() != length || part.address() != memory.address() + offset * Float.BYTES) {
            throw new IllegalStateException("backward completes the gradient in other parts than before");
        }
        return part;
    }

    /** A range of the buffer as one vector. */
    Tensor range(GradientExchange.Range wanted) {
        long address = memory.address() + wanted.offset() * Float.BYTES;
        if (range.address() != address || range.elements() != wanted.length()) {
            range = Tensor.of(
                    DType.F32,
                    Shape.of(wanted.length()),
                    memory.asSlice(wanted.offset() * Float.BYTES, wanted.length() * Float.BYTES));
        }
        return range;
    }

    /** The memory. */
    MemorySegment memory() {
        return memory;
    }
}
