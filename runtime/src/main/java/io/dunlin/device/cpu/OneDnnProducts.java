package io.dunlin.device.cpu;

import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Matrix products by oneDNN, each call on one thread: parallelism comes from the tiles of {@link Team} jobs, so that a
 * result does not depend on the number of threads.
 */
final class OneDnnProducts implements ProductEngine {
    private static final long ARGUMENT_BYTES = 16;

    private final OneDnnLibrary dnnl;
    private final Scratch scratchpads;
    private final int workers;
    private final long engine;
    private final long[] streams;
    private final Map<ProductShape, OneDnnProduct> products = new HashMap<>();
    private final Arena arena = Arena.ofAuto();

    /**
     * Opens an engine.
     *
     * @param scratchpads memory for the library alone: a product may run while another scratch area is in use
     */
    OneDnnProducts(OneDnnLibrary dnnl, Scratch scratchpads, int workers) {
        this.dnnl = dnnl;
        this.scratchpads = scratchpads;
        this.workers = workers;
        engine = dnnl.createEngine();
        streams = new long[workers];
        for (int worker = 0; worker < workers; worker++) {
            streams[worker] = dnnl.createStream(engine);
        }
    }

    @Override
    public Product product(ProductShape shape) {
        return products.computeIfAbsent(shape, OneDnnProduct::new);
    }

    @Override
    public void close() {
        products.values().forEach(OneDnnProduct::destroy);
        products.clear();
        for (long stream : streams) {
            dnnl.destroyStream(stream);
        }
        dnnl.destroyEngine(engine);
    }

    private static int dataType(DType type) {
        return type == DType.F32 ? OneDnnLibrary.F32 : OneDnnLibrary.BF16;
    }

    /** A primitive, and for each worker the memory objects and the argument list of its calls. */
    private final class OneDnnProduct implements Product {
        private final boolean hasBias;
        private final boolean hasOther;
        private final long primitive;
        private final int arguments;
        private final long[] argumentLists = new long[workers];
        private final long[][] memories = new long[workers][];

        OneDnnProduct(ProductShape shape) {
            dnnl.useOneThread();
            hasBias = shape.bias() == ProductShape.Bias.EVERY_ROW;
            hasOther = shape.addend() == ProductShape.Addend.OTHER;
            int in = dataType(shape.inputs());
            int result = dataType(shape.output());
            List<Integer> roles = new ArrayList<>();
            List<Long> descriptors = new ArrayList<>();
            add(roles, descriptors, OneDnnLibrary.SOURCE, matrix(in, shape.m(), shape.k(), shape.a()));
            add(roles, descriptors, OneDnnLibrary.WEIGHTS, matrix(in, shape.k(), shape.n(), shape.b()));
            long c = dnnl.createDescriptor(result, shape.m(), shape.n(), shape.rowStride(), 1);
            add(roles, descriptors, OneDnnLibrary.DESTINATION, c);
            long bias = hasBias ? dnnl.createDescriptor(in, 1, shape.n(), shape.n(), 1) : 0;
            if (hasBias) {
                add(roles, descriptors, OneDnnLibrary.BIAS, bias);
            }
            if (hasOther) {
                add(roles, descriptors, OneDnnLibrary.FIRST_POST_OP_SOURCE, c);
            }
            long postOps = dnnl.createPostOps();
            switch (shape.addend()) {
                case NOTHING -> {}
                case RESULT -> dnnl.appendSum(postOps, result);
                case OTHER -> dnnl.appendAdd(postOps, c);
            }
            long attributes = dnnl.createAttributes(postOps);
            long matmul = dnnl.createMatmul(engine, descriptors.get(0), descriptors.get(1), bias, c, attributes);
            primitive = dnnl.createPrimitive(matmul);
            long scratchpad = dnnl.scratchpadDescriptor(matmul);
            scratchpads.ensure(dnnl.sizeBytes(scratchpad));
            add(roles, descriptors, OneDnnLibrary.SCRATCHPAD, scratchpad);
            arguments = roles.size();
            for (int worker = 0; worker < workers; worker++) {
                bind(worker, roles, descriptors);
            }
            dnnl.destroyPrimitiveDescriptor(matmul);
            dnnl.destroyAttributes(attributes);
            dnnl.destroyPostOps(postOps);
            descriptors.subList(0, hasBias ? 4 : 3).forEach(dnnl::destroyDescriptor);
        }

        private long matrix(int dataType, long rows, long columns, ProductShape.Strides strides) {
            return dnnl.createDescriptor(dataType, rows, columns, strides.row(), strides.column());
        }

        private void add(List<Integer> roles, List<Long> descriptors, int role, long descriptor) {
            roles.add(role);
            descriptors.add(descriptor);
        }

        private void bind(int worker, List<Integer> roles, List<Long> descriptors) {
            MemorySegment list = arena.allocate(ARGUMENT_BYTES * roles.size(), 8);
            memories[worker] = new long[roles.size()];
            for (int i = 0; i < roles.size(); i++) {
                memories[worker][i] = dnnl.createMemory(descriptors.get(i), engine);
                list.set(ValueLayout.JAVA_INT, i * ARGUMENT_BYTES, roles.get(i));
                list.set(ValueLayout.JAVA_LONG, i * ARGUMENT_BYTES + 8, memories[worker][i]);
            }
            argumentLists[worker] = list.address();
        }

        @Override
        public void run(int worker, long a, long b, long c, long bias, long other) {
            long[] memory = memories[worker];
            dnnl.setData(memory[0], a);
            dnnl.setData(memory[1], b);
            dnnl.setData(memory[2], c);
            int next = 3;
            if (hasBias) {
                dnnl.setData(memory[next++], bias);
            }
            if (hasOther) {
                dnnl.setData(memory[next++], other);
            }
            dnnl.setData(memory[next], scratchpads.of(worker));
            dnnl.useOneThread();
            dnnl.execute(primitive, streams[worker], arguments, argumentLists[worker]);
        }

        void destroy() {
            for (long[] ofWorker : memories) {
                for (long memory : ofWorker) {
                    dnnl.destroyMemory(memory);
                }
            }
            dnnl.destroyPrimitive(primitive);
        }
    }
}
