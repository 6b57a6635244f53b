package io.dunlin.device.cpu;

import io.dunlin.device.cpu.ProductShape.Addend;
import io.dunlin.device.cpu.ProductShape.Bias;
import io.dunlin.device.cpu.ProductShape.Packing;
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
    private static final int TYPICAL_HEIGHT = 256;
    private static final int ROWS_ON_VECTORS = 256;
    private static final int ROWS_ON_TILES = 1024;

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
    public int tileRows(DType inputs) {
        return inputs == DType.BF16 && dnnl.hasTiles() ? ROWS_ON_TILES : ROWS_ON_VECTORS;
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

    /** A product, and the reordering of its second operand if that is packed. */
    private final class OneDnnProduct implements Product {
        private final boolean hasBias;
        private final boolean hasOther;
        private final Primitive matmul;
        private final List<Primitive> reorder = new ArrayList<>(1);
        private final long packedBytes;

        OneDnnProduct(ProductShape shape) {
            dnnl.useOneThread();
            hasBias = shape.bias() == Bias.EVERY_ROW;
            hasOther = shape.addend() == Addend.OTHER;
            int in = dataType(shape.inputs());
            int result = dataType(shape.output());
            long a = matrix(in, shape.m(), shape.k(), shape.a());
            long stored = matrix(in, shape.k(), shape.n(), shape.b());
            boolean packed = shape.packing() == Packing.PACKED;
            long typical = packed ? typicalProduct(shape, in, result) : 0;
            long b = packed ? dnnl.weightsDescriptor(typical) : stored;
            long c = dnnl.createDescriptor(result, shape.m(), shape.n(), shape.rowStride(), 1);
            long bias = hasBias ? dnnl.createDescriptor(in, 1, shape.n(), shape.n(), 1) : 0;
            long attributes = attributes(shape.addend(), result, c);
            long descriptor = dnnl.createMatmul(engine, a, b, bias, c, attributes);
            List<Argument> arguments = new ArrayList<>();
            arguments.add(new Argument(OneDnnLibrary.SOURCE, a));
            arguments.add(new Argument(OneDnnLibrary.WEIGHTS, b));
            arguments.add(new Argument(OneDnnLibrary.DESTINATION, c));
            if (hasBias) {
                arguments.add(new Argument(OneDnnLibrary.BIAS, bias));
            }
            if (hasOther) {
                arguments.add(new Argument(OneDnnLibrary.FIRST_POST_OP_SOURCE, c));
            }
            matmul = new Primitive(descriptor, arguments);
            packedBytes = dnnl.sizeBytes(b);
            if (packed) {
                reorder.add(reorder(stored, b));
                dnnl.destroyPrimitiveDescriptor(typical);
            }
            dnnl.destroyPrimitiveDescriptor(descriptor);
            dnnl.destroyAttributes(attributes);
            List.of(a, stored, c).forEach(dnnl::destroyDescriptor);
            if (hasBias) {
                dnnl.destroyDescriptor(bias);
            }
        }

        /**
         * A product of typical height that may choose the layout of b. What is packed once is read by products of all
         * heights, so the layout must not depend on theirs.
         */
        private long typicalProduct(ProductShape shape, int in, int result) {
            ProductShape.Strides dense = ProductShape.Strides.plain(shape.k());
            long a = matrix(in, TYPICAL_HEIGHT, shape.k(), dense);
            long any = dnnl.createAnyDescriptor(in, shape.k(), shape.n());
            long c = dnnl.createDescriptor(result, TYPICAL_HEIGHT, shape.n(), shape.n(), 1);
            long attributes = attributes(Addend.NOTHING, result, c);
            long descriptor = dnnl.createMatmul(engine, a, any, 0, c, attributes);
            dnnl.destroyAttributes(attributes);
            List.of(a, any, c).forEach(dnnl::destroyDescriptor);
            return descriptor;
        }

        private Primitive reorder(long stored, long packed) {
            long attributes = attributes(Addend.NOTHING, OneDnnLibrary.F32, packed);
            long descriptor = dnnl.createReorder(engine, stored, packed, attributes);
            Primitive primitive = new Primitive(
                    descriptor,
                    List.of(new Argument(OneDnnLibrary.FROM, stored), new Argument(OneDnnLibrary.TO, packed)));
            dnnl.destroyPrimitiveDescriptor(descriptor);
            dnnl.destroyAttributes(attributes);
            return primitive;
        }

        private long matrix(int dataType, long rows, long columns, ProductShape.Strides strides) {
            return dnnl.createDescriptor(dataType, rows, columns, strides.row(), strides.column());
        }

        private long attributes(Addend addend, int result, long c) {
            long postOps = dnnl.createPostOps();
            switch (addend) {
                case NOTHING -> {}
                case RESULT -> dnnl.appendSum(postOps, result);
                case OTHER -> dnnl.appendAdd(postOps, c);
            }
            long attributes = dnnl.createAttributes(postOps);
            dnnl.destroyPostOps(postOps);
            return attributes;
        }

        @Override
        public void run(int worker, long a, long b, long c, long bias, long other) {
            matmul.set(worker, 0, a);
            matmul.set(worker, 1, b);
            matmul.set(worker, 2, c);
            if (hasBias) {
                matmul.set(worker, 3, bias);
            }
            if (hasOther) {
                matmul.set(worker, hasBias ? 4 : 3, other);
            }
            matmul.execute(worker);
        }

        @Override
        public long packedBytes() {
            return packedBytes;
        }

        @Override
        public void pack(int worker, long b, long packed) {
            Primitive toPacked = reorder.getFirst();
            toPacked.set(worker, 0, b);
            toPacked.set(worker, 1, packed);
            toPacked.execute(worker);
        }

        void destroy() {
            matmul.destroy();
            reorder.forEach(Primitive::destroy);
        }
    }

    /** One argument of a call: its role, and the descriptor of its memory. */
    private record Argument(int role, long descriptor) {}

    /** A primitive, and for each worker the memory objects and the argument list of its calls. */
    private final class Primitive {
        private final long primitive;
        private final int arguments;
        private final long[] argumentLists = new long[workers];
        private final long[][] memories = new long[workers][];

        /** The scratchpad is added as the last argument. */
        Primitive(long descriptor, List<Argument> given) {
            primitive = dnnl.createPrimitive(descriptor);
            long scratchpad = dnnl.scratchpadDescriptor(descriptor);
            scratchpads.ensure(dnnl.sizeBytes(scratchpad));
            List<Argument> all = new ArrayList<>(given);
            all.add(new Argument(OneDnnLibrary.SCRATCHPAD, scratchpad));
            arguments = all.size();
            for (int worker = 0; worker < workers; worker++) {
                bind(worker, all);
            }
        }

        private void bind(int worker, List<Argument> all) {
            MemorySegment list = arena.allocate(ARGUMENT_BYTES * all.size(), 8);
            memories[worker] = new long[all.size()];
            for (int i = 0; i < all.size(); i++) {
                memories[worker][i] = dnnl.createMemory(all.get(i).descriptor(), engine);
                list.set(ValueLayout.JAVA_INT, i * ARGUMENT_BYTES, all.get(i).role());
                list.set(ValueLayout.JAVA_LONG, i * ARGUMENT_BYTES + 8, memories[worker][i]);
            }
            argumentLists[worker] = list.address();
        }

        void set(int worker, int argument, long address) {
            dnnl.setData(memories[worker][argument], address);
        }

        void execute(int worker) {
            set(worker, arguments - 1, scratchpads.of(worker));
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
