package io.dunlin.device.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * The stand-in for CUDA in this JVM: {@link #readiness} builds and loads it before any class of JCuda, whose natives then
 * bind to it by the names of the libraries. The kernels of training are there too. The other methods tell it how to
 * behave. Tests of other packages are annotated with {@link NeedsCuda}, and start processes in a {@link
 * StandInEnvironment}.
 *
 * <p>System property {@code cuda.mode=real} leaves it out and tests a GPU. {@code cuda.standin.settings} are set first,
 * for example {@code order=2,jitter_us=500,bus_gb_per_s=2}: the keys are those of settings.cpp.
 */
final class CudaStandIn {
    /** {@code CUDA_ERROR_OUT_OF_MEMORY}. */
    static final int OUT_OF_MEMORY = 2;

    private static final List<String> LIBRARIES = List.of("libcuda.so.1", "libcublas.so.12", "libnvrtc.so.12");
    private static Readiness readiness;

    private CudaStandIn() {}

    /** Whether tests can run, and why not. */
    record Readiness(boolean ready, String reason) {}

    /** Whether tests are to run on a GPU. */
    static boolean real() {
        return System.getProperty("cuda.mode", "standin").equals("real");
    }

    /** Builds and loads the stand-in when called first. */
    static synchronized Readiness readiness() {
        if (readiness == null) {
            readiness = real() ? new Readiness(true, "a GPU is tested") : load();
        }
        return readiness;
    }

    private static Readiness load() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT) + " " + System.getProperty("os.arch");
        if (!system.equals("linux amd64")) {
            return new Readiness(false, "the stand-in for CUDA runs on Linux on x86-64, this is " + system);
        }
        try {
            StandInBuilder builder = StandInBuilder.ofThisMachine();
            Path folder = builder.libraries();
            LIBRARIES.forEach(name -> System.load(folder.resolve(name).toString()));
            withText("standin_add_kernels", builder.trainingKernels().toString());
        } catch (IOException e) {
            return new Readiness(
                    false, "the stand-in for CUDA needs g++ (Debian: apt-get install g++): " + e.getMessage());
        }
        restore();
        return new Readiness(true, "the stand-in is loaded");
    }

    /** The bus and the settings that this JVM was started with, after a test that changed them. */
    static void restore() {
        set("bus_gb_per_s", 0);
        String settings = System.getProperty("cuda.standin.settings", "");
        for (String setting : settings.isEmpty() ? new String[0] : settings.split(",")) {
            String[] parts = setting.split("=");
            set(parts[0], Double.parseDouble(parts[1]));
        }
    }

    /**
     * Compiles kernels for the host, and lets PTX that was made from the same source run them; the answer is the library
     * with them.
     */
    static Path addKernels(Path source) {
        try {
            Path library = StandInBuilder.ofThisMachine().kernels(source);
            if (!real()) {
                withText("standin_add_kernels", library.toString());
            }
            return library;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Changes a setting, for example {@code jitter_us}; see settings.cpp. */
    static void set(String key, double value) {
        try (Arena arena = Arena.ofConfined()) {
            int unknown = (int) function("standin_set", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_DOUBLE))
                    .invokeExact(arena.allocateFrom(key), value);
            if (unknown != 0) {
                throw new IllegalArgumentException("no setting " + key);
            }
        } catch (Throwable e) {
            throw asUnchecked(e);
        }
    }

    /** Lets the {@code nth} call of a function from now fail, once; "*" is any function; {@code nth} 0 takes it back. */
    static void fail(String call, int nth, int status) {
        fail("standin_fail", call, nth, status);
    }

    /** Lets the {@code nth} call and all after it fail, until {@link #fail} takes it back. */
    static void failFrom(String call, int nth, int status) {
        fail("standin_fail_from", call, nth, status);
    }

    private static void fail(String function, String call, int nth, int status) {
        try (Arena arena = Arena.ofConfined()) {
            function(function, FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT, JAVA_INT))
                    .invokeExact(arena.allocateFrom(call), nth, status);
        } catch (Throwable e) {
            throw asUnchecked(e);
        }
    }

    /** How often a function was called since the JVM started. */
    static int calls(String call) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) function("standin_calls", FunctionDescriptor.of(JAVA_INT, ADDRESS))
                    .invokeExact(arena.allocateFrom(call));
        } catch (Throwable e) {
            throw asUnchecked(e);
        }
    }

    /** What all devices of this JVM hold now: {@code device_bytes}, {@code pinned_bytes} or {@code handles}. */
    static long held(String what) {
        try (Arena arena = Arena.ofConfined()) {
            return (long) function("standin_held", FunctionDescriptor.of(JAVA_LONG, ADDRESS))
                    .invokeExact(arena.allocateFrom(what));
        } catch (Throwable e) {
            throw asUnchecked(e);
        }
    }

    /** Ends all that devices left behind, faults too, so that the next test begins anew. */
    static void reset() {
        try {
            function("standin_reset", FunctionDescriptor.ofVoid()).invokeExact();
        } catch (Throwable e) {
            throw asUnchecked(e);
        }
    }

    /** Writes calls and work to {@code file} from here on. */
    static void trace(Path file) {
        withText("standin_trace", file.toString());
    }

    /** Ends the trace. */
    static void endTrace() {
        withText("standin_trace", "");
    }

    /** What the stand-in last complained about, for example a deadlock of a kernel. */
    static String complaint() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(512);
            function("standin_complaint", FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT))
                    .invokeExact(text, (int) text.byteSize());
            return text.getString(0);
        } catch (Throwable e) {
            throw asUnchecked(e);
        }
    }

    private static void withText(String function, String text) {
        boolean answers = function.equals("standin_trace");
        MemoryLayout[] parameters = {ADDRESS};
        FunctionDescriptor type =
                answers ? FunctionDescriptor.of(JAVA_INT, parameters) : FunctionDescriptor.ofVoid(parameters);
        try (Arena arena = Arena.ofConfined()) {
            function(function, type).invoke(arena.allocateFrom(text));
        } catch (Throwable e) {
            throw asUnchecked(e);
        }
    }

    private static MethodHandle function(String name, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(SymbolLookup.loaderLookup().findOrThrow(name), type);
    }

    private static RuntimeException asUnchecked(Throwable e) {
        return e instanceof RuntimeException known ? known : new IllegalStateException(e);
    }
}
