package io.dunlin.train;

import io.dunlin.model.Model;
import io.dunlin.nn.Parameter;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import io.dunlin.train.GradientExchange.Range;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A flat F32 buffer with a place for the gradient of every parameter; padding between them stays zero. */
final class GradientBuffer {
    private final List<Parameter> parameters;
    private final Tensor[] gradients; // [parameter], views of the buffer
    private final MemorySegment memory;
    private final Map<Range, Tensor> ranges = new HashMap<>(); // views of the buffer
    private final Tensor[] units; // [unit], views of the buffer

    GradientBuffer(Model model) {
        long elements = model.flatElements();
        parameters = model.parameters();
        memory = model.device().allocate("gradients", elements * Float.BYTES);
        gradients = parameters.stream()
                .map(p -> Tensor.of(DType.F32, p.shape(), memory.asSlice(p.flatOffset() * Float.BYTES)))
                .toArray(Tensor[]::new);
        units = model.units().stream()
                .map(unit -> view(unit.offset(), unit.length()))
                .toArray(Tensor[]::new);
    }

    private Tensor view(long offset, long length) {
        return Tensor.of(DType.F32, Shape.of(length), memory.asSlice(offset * Float.BYTES, length * Float.BYTES));
    }

    /** Directs the contributions that follow here; the first of each parameter counts what is here {@code beta} times. */
    void direct(float beta) {
        for (int i = 0; i < gradients.length; i++) {
            parameters.get(i).beginGradient(gradients[i], beta);
        }
    }

    /** What belongs to a unit of the model. */
    Tensor unit(int number) {
        return units[number];
    }

    /** A range of the buffer as one vector. */
    Tensor range(Range wanted) {
        Tensor known = ranges.get(wanted);
        if (known == null) {
            known = view(wanted.offset(), wanted.length());
            ranges.put(wanted, known);
        }
        return known;
    }

    /** Its length. */
    long elements() {
        return memory.byteSize() / Float.BYTES;
    }

    /** The memory. */
    MemorySegment memory() {
        return memory;
    }
}
