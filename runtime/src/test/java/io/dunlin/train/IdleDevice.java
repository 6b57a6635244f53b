package io.dunlin.train;

import io.dunlin.device.AdamWStep;
import io.dunlin.device.AttentionShape;
import io.dunlin.device.Device;
import io.dunlin.device.Event;
import io.dunlin.device.Kernels;
import io.dunlin.device.Stream;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** A device with memory whose kernels do nothing: what is left of a step is what surrounds them. */
final class IdleDevice implements Device {
    private final Arena arena = Arena.ofShared();

    @Override
    public String description() {
        return "idle";
    }

    @Override
    public MemorySegment allocate(String purpose, long lengthBytes) {
        return arena.allocate(lengthBytes, 64);
    }

    @Override
    public MemorySegment allocateHost(String purpose, long lengthBytes) {
        return allocate(purpose, lengthBytes);
    }

    @Override
    public boolean hostReadable() {
        return true;
    }

    @Override
    public SequencedMap<String, Long> allocatedBytes() {
        return new LinkedHashMap<>();
    }

    @Override
    public Stream stream(String role) {
        return new IdleStream();
    }

    @Override
    public void close() {
        arena.close();
    }

    private static final class IdleStream implements Stream {
        private static final Event DONE = new Event() {
            @Override
            public boolean done() {
                return true;
            }

            @Override
            public void synchronize() {}
        };

        private final Kernels kernels = new IdleKernels();

        @Override
        public Kernels kernels() {
            return kernels;
        }

        @Override
        public void upload(MemorySegment host, MemorySegment device) {
            device.copyFrom(host);
        }

        @Override
        public void download(MemorySegment device, MemorySegment host) {
            host.copyFrom(device);
        }

        @Override
        public Event record() {
            return DONE;
        }

        @Override
        public void await(Event event) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void synchronize() {}
    }

    private static final class IdleKernels implements Kernels {
        @Override
        public void linear(Tensor x, Tensor w, Tensor bias, Tensor residual, Tensor y) {}

        @Override
        public void linearBackwardInput(Tensor dy, Tensor w, Tensor dx, float beta) {}

        @Override
        public void linearBackwardWeight(Tensor dy, Tensor x, Tensor dw, Tensor db, float beta) {}

        @Override
        public void attention(AttentionShape shape, Tensor q, Tensor k, Tensor v, Tensor out, Tensor logSumExp) {}

        @Override
        public void attentionBackward(
                AttentionShape shape,
                Tensor q,
                Tensor k,
                Tensor v,
                Tensor out,
                Tensor logSumExp,
                Tensor dout,
                Tensor dq,
                Tensor dk,
                Tensor dv) {}

        @Override
        public void rope(Tensor x, Tensor cosSin, int time, int headWidth, int direction) {}

        @Override
        public void layerNorm(Tensor x, Tensor gain, Tensor bias, float epsilon, Tensor y, Tensor mean, Tensor rstd) {}

        @Override
        public void layerNormBackward(
                Tensor dy,
                Tensor x,
                Tensor gain,
                Tensor mean,
                Tensor rstd,
                Tensor dx,
                Tensor dgain,
                Tensor dbias,
                float beta) {}

        @Override
        public void rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor y, Tensor rstd) {}

        @Override
        public void rmsNormBackward(
                Tensor dy, Tensor x, Tensor gain, Tensor rstd, Tensor dx, Tensor dgain, float beta) {}

        @Override
        public void gelu(Tensor x, Tensor y) {}

        @Override
        public void geluBackward(Tensor dy, Tensor x, Tensor dx) {}

        @Override
        public void swiGlu(Tensor gate, Tensor up, Tensor y) {}

        @Override
        public void swiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {}

        @Override
        public void embedding(Tensor tokens, Tensor table, Tensor positions, int time, Tensor y) {}

        @Override
        public void embeddingBackward(
                Tensor dy,
                Tensor tokens,
                int time,
                Tensor dtable,
                float tableBeta,
                Tensor dpositions,
                float positionsBeta) {}

        @Override
        public void crossEntropy(Tensor logits, Tensor targets, Tensor losses, float gradientScale) {}

        @Override
        public void crossEntropyLoss(Tensor logits, Tensor targets, Tensor losses) {}

        @Override
        public void add(Tensor a, Tensor b, Tensor out) {}

        @Override
        public void fill(Tensor x, float value) {}

        @Override
        public void copy(Tensor from, Tensor to) {}

        @Override
        public double sumOfSquares(Tensor x) {
            return 1;
        }

        @Override
        public double sum(Tensor x) {
            return 1;
        }

        @Override
        public void adamW(Tensor value, Tensor gradient, Tensor m, Tensor v, Tensor compute, AdamWStep step) {}
    }
}
