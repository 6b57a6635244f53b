package io.dunlin.device.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The environment of processes that a test starts on the stand-in for CUDA: whatever runs there finds a GPU, by the
 * unchanged code of {@link CudaDevice}. For tests of every module; they annotate their class with {@link NeedsCuda}, so
 * that it is skipped where there is no g++.
 *
 * {@snippet :
 * ProcessBuilder builder = new ProcessBuilder("java", "-cp", classPath, "io.dunlin.launcher.Dunlin", "train");
 * StandInEnvironment.build().memoryMegabytes(64).trace(folder.resolve("trace-%p")).putInto(builder.environment());
 * }
 *
 * <p>A process is on the stand-in by its environment alone; no system property is needed, and processes that it starts
 * in turn are on it too:
 *
 * <ul>
 *   <li>{@code LD_LIBRARY_PATH} names the folder with {@code libcuda.so.1}, {@code libcublas.so.12} and {@code
 *       libnvrtc.so.12}. It is read when a process starts, so it must be set for the process and cannot be set in it;
 *       {@code java.library.path} does not matter.
 *   <li>{@code CUDA_STANDIN_KERNELS} names the library with what g++ made of {@code kernels.cu}, which runs in the place
 *       of the PTX that was made from the same source.
 *   <li>{@code CUDA_STANDIN_KEY=value} are the settings of settings.cpp, read when the process first uses CUDA; one that
 *       does not exist is complained of on standard error.
 *   <li>{@code CUDA_STANDIN_FAIL=cuInit=999} lets calls fail, from the first one of the process.
 *   <li>{@code CUDA_STANDIN_TRACE} names the file for the trace, see {@link StandInTrace}.
 * </ul>
 *
 * <p>What it is made of is built by the first test that needs it and kept in {@code ~/.cache/dunlin/cuda-standin}; that
 * takes half a minute. With {@code -Dcuda.mode=real} the environment is empty and processes find the GPU of the machine.
 */
public final class StandInEnvironment {
    private static final String LIBRARY_PATH = "LD_LIBRARY_PATH";
    private static final String PREFIX = "CUDA_STANDIN_";

    private final Map<String, String> variables;

    private StandInEnvironment(Map<String, String> variables) {
        this.variables = Collections.unmodifiableMap(variables);
    }

    /** Builds the stand-in where that is not done yet: one GPU of 256 MiB, and a bus as fast as the memory. */
    public static StandInEnvironment build() {
        if (CudaStandIn.real()) {
            return new StandInEnvironment(Map.of());
        }
        try {
            StandInBuilder builder = StandInBuilder.ofThisMachine();
            return new StandInEnvironment(Map.of(
                    LIBRARY_PATH,
                    builder.libraries().toString(),
                    PREFIX + "KERNELS",
                    builder.trainingKernels().toString()));
        } catch (IOException e) {
            throw new UncheckedIOException("the stand-in for CUDA cannot be built", e);
        }
    }

    /** The memory of each GPU: more is refused as a real one refuses it. */
    public StandInEnvironment memoryMegabytes(int megabytes) {
        return with("memory_mb", megabytes);
    }

    /** How much all processes' host memory may be pinned, each for itself. */
    public StandInEnvironment pinnedMegabytes(int megabytes) {
        return with("pinned_mb", megabytes);
    }

    /** The speed of copies, each way. */
    public StandInEnvironment busGigabytesPerSecond(double speed) {
        return with("bus_gb_per_s", speed);
    }

    /** The longest random delay before each piece of work. */
    public StandInEnvironment jitterMicroseconds(int longest) {
        return with("jitter_us", longest);
    }

    /** Writes all calls and work, with their times, to a file; {@code %p} in its name becomes the number of the process. */
    public StandInEnvironment trace(Path file) {
        return with("trace", file.toAbsolutePath().toString());
    }

    /** Lets all calls of a function, for example {@code cuInit}, fail with a status. */
    public StandInEnvironment failing(String call, int status) {
        return with("fail", call + "=" + status);
    }

    /** Any other setting, for example {@code devices} or {@code order}; see settings.cpp. */
    public StandInEnvironment with(String key, Number value) {
        return with(key, value.toString());
    }

    private StandInEnvironment with(String key, String value) {
        Map<String, String> more = new TreeMap<>(variables);
        if (!CudaStandIn.real()) {
            more.put(PREFIX + key.toUpperCase(Locale.ROOT), value);
        }
        return new StandInEnvironment(more);
    }

    /** The variables; empty for a real GPU. */
    public Map<String, String> variables() {
        return variables;
    }

    /** Puts a process that is to be started on the stand-in; what was on its {@code LD_LIBRARY_PATH} stays behind it. */
    public void putInto(Map<String, String> environment) {
        variables.forEach((name, value) ->
                environment.merge(name, value, (old, added) -> name.equals(LIBRARY_PATH) ? added + ":" + old : added));
    }
}
