package io.dunlin.checkpoint;

import io.dunlin.device.HostAccess;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.NamedTensor;
import io.dunlin.tensor.TensorSlice;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A slice to be saved, wherever its bytes come from. */
public interface SliceSource {
    /** Takes bytes, in order. */
    @FunctionalInterface
    interface Sink {
        /** Takes some; the memory may be reused afterwards. */
        void accept(MemorySegment bytes) throws IOException;
    }

    /** Which part of which tensor. */
    TensorSlice slice();

    /** Element type. */
    DType dtype();

    /** Hands over all bytes: little-endian, row-major. */
    void copyTo(Sink sink) throws IOException;

    /**
     * Slices in memory.
     *
     * @param host reads them
     */
    static List<SliceSource> of(List<NamedTensor> tensors, HostAccess host) {
        return tensors.stream().map(tensor -> of(tensor, host)).toList();
    }

    /**
     * A slice in memory.
     *
     * @param host reads it
     */
    static SliceSource of(NamedTensor tensor, HostAccess host) {
        return new SliceSource() {
            @Override
            public TensorSlice slice() {
                return tensor.slice();
            }

            @Override
            public DType dtype() {
                return tensor.tensor().dtype();
            }

            @Override
            public void copyTo(Sink sink) throws IOException {
                host.read(tensor.tensor().segment(), sink::accept);
            }
        };
    }
}
