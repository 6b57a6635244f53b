package io.dunlin.device.cpu;

import io.dunlin.device.natives.NativeFolder;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The functions of oneDNN (C interface, version 3) and of its OpenMP runtime that Dunlin calls. Handles and pointers
 * are plain addresses here; a status other than 0 becomes an exception.
 */
final class OneDnnLibrary {
    /** Where the libraries lie on the class path, in the order in which they must be loaded. */
    static final List<String> RESOURCES =
            List.of("org/bytedeco/dnnl/linux-x86_64/libgomp.so.1", "org/bytedeco/dnnl/linux-x86_64/libdnnl.so.3");

    static final int BF16 = 2;
    static final int F32 = 3;
    static final int SOURCE = 1;
    static final int DESTINATION = 17;
    static final int WEIGHTS = 33;
    static final int BIAS = 41;
    static final int FROM = 1;
    static final int TO = 17;
    static final int SCRATCHPAD = 80;
    static final int FIRST_POST_OP_SOURCE = 32768 | 2;

    private static final int CPU_ENGINE = 1;
    private static final int IN_ORDER_STREAM = 1;
    private static final int SCRATCHPAD_BY_CALLER = 1;
    private static final int QUERY_WEIGHTS = 131;
    private static final int QUERY_SCRATCHPAD = 136;
    private static final int ANY_LAYOUT = 1;
    private static final int BINARY_ADD = 0x1fff0;
    private static final int ISA_AVX512 = 0x27;
    private static final int ISA_AMX = 0xfef;

    private static final ValueLayout.OfLong PTR = ValueLayout.JAVA_LONG;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private final Arena arena = Arena.ofAuto();
    private final MemorySegment out = arena.allocate(LONG);
    private final SymbolLookup openMp;
    private final SymbolLookup dnnl;

    private final MethodHandle setThreads;
    private final MethodHandle effectiveIsa;
    private final MethodHandle engineCreate;
    private final MethodHandle engineDestroy;
    private final MethodHandle streamCreate;
    private final MethodHandle streamDestroy;
    private final MethodHandle descriptorCreate;
    private final MethodHandle descriptorCreateWithTag;
    private final MethodHandle descriptorDestroy;
    private final MethodHandle descriptorSize;
    private final MethodHandle memoryCreate;
    private final MethodHandle memoryDestroy;
    private final MethodHandle memorySetData;
    private final MethodHandle attributesCreate;
    private final MethodHandle attributesDestroy;
    private final MethodHandle attributesSetScratchpad;
    private final MethodHandle attributesSetPostOps;
    private final MethodHandle postOpsCreate;
    private final MethodHandle postOpsDestroy;
    private final MethodHandle postOpsSum;
    private final MethodHandle postOpsBinary;
    private final MethodHandle matmulCreate;
    private final MethodHandle reorderCreate;
    private final MethodHandle primitiveDescriptorQuery;
    private final MethodHandle primitiveDescriptorDestroy;
    private final MethodHandle primitiveCreate;
    private final MethodHandle primitiveDestroy;
    private final MethodHandle primitiveExecute;

    /**
     * Binds the libraries; they stay loaded until the process ends.
     *
     * @throws IllegalArgumentException if the system cannot load one
     */
    OneDnnLibrary(Path openMpFile, Path dnnlFile) {
        openMp = SymbolLookup.libraryLookup(openMpFile, Arena.global());
        dnnl = SymbolLookup.libraryLookup(dnnlFile, Arena.global());
        setThreads = bind(openMp, "omp_set_num_threads", FunctionDescriptor.ofVoid(INT));
        effectiveIsa = dnnl("get_effective_cpu_isa");
        engineCreate = dnnl("engine_create", PTR, INT, LONG);
        engineDestroy = dnnl("engine_destroy", PTR);
        streamCreate = dnnl("stream_create", PTR, PTR, INT);
        streamDestroy = dnnl("stream_destroy", PTR);
        descriptorCreate = dnnl("memory_desc_create_with_strides", PTR, INT, PTR, INT, PTR);
        descriptorCreateWithTag = dnnl("memory_desc_create_with_tag", PTR, INT, PTR, INT, INT);
        descriptorDestroy = dnnl("memory_desc_destroy", PTR);
        descriptorSize = bind(dnnl, "dnnl_memory_desc_get_size", FunctionDescriptor.of(LONG, PTR));
        memoryCreate = dnnl("memory_create", PTR, PTR, PTR, PTR);
        memoryDestroy = dnnl("memory_destroy", PTR);
        memorySetData = dnnl("memory_set_data_handle", PTR, PTR);
        attributesCreate = dnnl("primitive_attr_create", PTR);
        attributesDestroy = dnnl("primitive_attr_destroy", PTR);
        attributesSetScratchpad = dnnl("primitive_attr_set_scratchpad_mode", PTR, INT);
        attributesSetPostOps = dnnl("primitive_attr_set_post_ops", PTR, PTR);
        postOpsCreate = dnnl("post_ops_create", PTR);
        postOpsDestroy = dnnl("post_ops_destroy", PTR);
        postOpsSum = dnnl("post_ops_append_sum", PTR, ValueLayout.JAVA_FLOAT, INT, INT);
        postOpsBinary = dnnl("post_ops_append_binary", PTR, INT, PTR);
        matmulCreate = dnnl("matmul_primitive_desc_create", PTR, PTR, PTR, PTR, PTR, PTR, PTR);
        reorderCreate = dnnl("reorder_primitive_desc_create", PTR, PTR, PTR, PTR, PTR, PTR);
        primitiveDescriptorQuery =
                bind(dnnl, "dnnl_primitive_desc_query_md", FunctionDescriptor.of(PTR, PTR, INT, INT));
        primitiveDescriptorDestroy = dnnl("primitive_desc_destroy", PTR);
        primitiveCreate = dnnl("primitive_create", PTR, PTR);
        primitiveDestroy = dnnl("primitive_destroy", PTR);
        primitiveExecute = dnnl("primitive_execute", PTR, PTR, INT, PTR);
    }

    /** The library if it could be loaded, and what to say about it. */
    record Loaded(Optional<OneDnnLibrary> library, String description) {}

    /** Unpacks the libraries if that was not done before, and loads them. */
    static Loaded load(Path cache) {
        try {
            Optional<List<Path>> files = new NativeFolder(cache).unpack(RESOURCES);
            if (files.isEmpty()) {
                return unavailable("it is not on the class path");
            }
            OneDnnLibrary library =
                    new OneDnnLibrary(files.get().get(0), files.get().get(1));
            return new Loaded(Optional.of(library), library.hasTiles() ? "oneDNN with AMX" : "oneDNN");
        } catch (IllegalArgumentException | UncheckedIOException e) {
            return unavailable(String.valueOf(e.getMessage()));
        }
    }

    private static Loaded unavailable(String reason) {
        return new Loaded(Optional.empty(), "matrix products in Java, because oneDNN cannot be used here: " + reason);
    }

    private MethodHandle dnnl(String name, ValueLayout... parameters) {
        return bind(dnnl, "dnnl_" + name, FunctionDescriptor.of(INT, parameters));
    }

    private static MethodHandle bind(SymbolLookup library, String name, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), type);
    }

    /** Makes products of the calling thread run on that thread alone. */
    void useOneThread() {
        try {
            setThreads.invokeExact(1);
        } catch (Throwable e) {
            throw uncallable(e);
        }
    }

    /** Whether bf16 products run on vectors or tiles, and not element by element. */
    boolean hasFastBf16() {
        return (isa() & ISA_AVX512) == ISA_AVX512;
    }

    /** Whether there are matrix tiles (AMX). */
    boolean hasTiles() {
        return (isa() & ISA_AMX) == ISA_AMX;
    }

    private int isa() {
        try {
            return (int) effectiveIsa.invokeExact();
        } catch (Throwable e) {
            throw uncallable(e);
        }
    }

    long createEngine() {
        return created(engineCreate, CPU_ENGINE, 0L);
    }

    long createStream(long engine) {
        return created(streamCreate, engine, IN_ORDER_STREAM);
    }

    /** Describes a matrix in memory. */
    long createDescriptor(int dataType, long rows, long columns, long rowStride, long columnStride) {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment extents = call.allocateFrom(LONG, rows, columns);
            MemorySegment strides = call.allocateFrom(LONG, rowStride, columnStride);
            return created(descriptorCreate, 2, extents.address(), dataType, strides.address());
        }
    }

    /** Describes a matrix whose layout the product that reads it may choose. */
    long createAnyDescriptor(int dataType, long rows, long columns) {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment extents = call.allocateFrom(LONG, rows, columns);
            return created(descriptorCreateWithTag, 2, extents.address(), dataType, ANY_LAYOUT);
        }
    }

    long createMemory(long descriptor, long engine) {
        return created(memoryCreate, descriptor, engine, 0L);
    }

    /** Attributes with a scratchpad given at each run, and the post-operations in {@code postOps}. */
    long createAttributes(long postOps) {
        long attributes = created(attributesCreate);
        checked(attributesSetScratchpad, attributes, SCRATCHPAD_BY_CALLER);
        checked(attributesSetPostOps, attributes, postOps);
        return attributes;
    }

    long createPostOps() {
        return created(postOpsCreate);
    }

    /** Adds the old destination to the result. */
    void appendSum(long postOps, int dataType) {
        checked(postOpsSum, postOps, 1f, 0, dataType);
    }

    /** Adds the matrix of argument {@link #FIRST_POST_OP_SOURCE} to the result. */
    void appendAdd(long postOps, long descriptor) {
        checked(postOpsBinary, postOps, BINARY_ADD, descriptor);
    }

    long createMatmul(long engine, long source, long weights, long bias, long destination, long attributes) {
        return created(matmulCreate, engine, source, weights, bias, destination, attributes);
    }

    long createReorder(long engine, long from, long to, long attributes) {
        return created(reorderCreate, from, engine, to, engine, attributes);
    }

    /** The descriptor of the scratchpad; it belongs to the primitive descriptor. */
    long scratchpadDescriptor(long primitiveDescriptor) {
        return query(primitiveDescriptor, QUERY_SCRATCHPAD);
    }

    /** The descriptor of the weights, as the product has chosen it; it belongs to the primitive descriptor. */
    long weightsDescriptor(long primitiveDescriptor) {
        return query(primitiveDescriptor, QUERY_WEIGHTS);
    }

    private long query(long primitiveDescriptor, int what) {
        try {
            return (long) primitiveDescriptorQuery.invokeExact(primitiveDescriptor, what, 0);
        } catch (Throwable e) {
            throw uncallable(e);
        }
    }

    long sizeBytes(long descriptor) {
        try {
            return (long) descriptorSize.invokeExact(descriptor);
        } catch (Throwable e) {
            throw uncallable(e);
        }
    }

    long createPrimitive(long primitiveDescriptor) {
        return created(primitiveCreate, primitiveDescriptor);
    }

    void setData(long memory, long address) {
        try {
            check((int) memorySetData.invokeExact(memory, address));
        } catch (Throwable e) {
            throw uncallable(e);
        }
    }

    void execute(long primitive, long stream, int count, long arguments) {
        try {
            check((int) primitiveExecute.invokeExact(primitive, stream, count, arguments));
        } catch (Throwable e) {
            throw uncallable(e);
        }
    }

    void destroyEngine(long engine) {
        checked(engineDestroy, engine);
    }

    void destroyStream(long stream) {
        checked(streamDestroy, stream);
    }

    void destroyDescriptor(long descriptor) {
        checked(descriptorDestroy, descriptor);
    }

    void destroyMemory(long memory) {
        checked(memoryDestroy, memory);
    }

    void destroyAttributes(long attributes) {
        checked(attributesDestroy, attributes);
    }

    void destroyPostOps(long postOps) {
        checked(postOpsDestroy, postOps);
    }

    void destroyPrimitiveDescriptor(long primitiveDescriptor) {
        checked(primitiveDescriptorDestroy, primitiveDescriptor);
    }

    void destroyPrimitive(long primitive) {
        checked(primitiveDestroy, primitive);
    }

    /** Calls a function whose first parameter is where it puts the new object. */
    private synchronized long created(MethodHandle function, Object... arguments) {
        Object[] all = new Object[arguments.length + 1];
        all[0] = out.address();
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        checked(function, all);
        return out.get(LONG, 0);
    }

    private static void checked(MethodHandle function, Object... arguments) {
        try {
            check((int) function.invokeWithArguments(arguments));
        } catch (Throwable e) {
            throw uncallable(e);
        }
    }

    private static void check(int status) {
        if (status != 0) {
            throw new IllegalStateException("oneDNN answered with status " + status);
        }
    }

    private static RuntimeException uncallable(Throwable e) {
        return e instanceof RuntimeException known ? known : new IllegalStateException("oneDNN could not be called", e);
    }
}
