package io.dunlin.device.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import jcuda.nvrtc.JNvrtc;
import jcuda.nvrtc.nvrtcProgram;

/**
 * Makes kernels.ptx from kernels.cu; run it after every change of a kernel.
 *
 * <p>With a CUDA toolkit (nvcc on the path): {@code ./mvnw -q -Pptx -pl runtime test-compile}. With nothing but Maven:
 * {@code ./mvnw -q -Pptx,nvrtc -pl runtime test-compile}, which fetches NVRTC once (360 MB). No GPU is needed.
 *
 * <p>The text is lowered to PTX 8.0, which is what the drivers of CUDA 12.0 read; the assembler checks each instruction
 * against that version (KernelsPtxTest), and drivers translate it for GPUs from Ampere on.
 */
final class PtxGenerator {
    static final String HASH_MARK = "// kernel-source-sha256:";

    private static final String ARCHITECTURE = "compute_80";
    private static final String NVRTC = "/org/bytedeco/cuda/linux-x86_64/";
    private static final Pattern VERSION = Pattern.compile("(?m)^\\.version .*$");

    /** Where the compiler puts a hash of the folder into names. */
    private static final Pattern FOLDER_HASH = Pattern.compile("(?<=_INTERNAL_)[0-9a-f]{8}(?=_)");

    private PtxGenerator() {}

    /**
     * Writes the PTX beside the source.
     *
     * @param arguments the folder of kernels.cu
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path source = Path.of(arguments[0], "kernels.cu");
        Path target = source.resolveSibling("kernels.ptx");
        boolean toolkit = PtxGenerator.class.getResource(NVRTC + "libnvrtc.so.12") == null;
        Path written = source.resolveSibling("kernels.ptx.tmp");
        Files.writeString(written, shipped(source, toolkit ? byNvcc(source) : byNvrtc(Files.readString(source))));
        Files.move(written, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    /** The hash that marks the PTX of this source. */
    static String hash(byte[] source) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(source));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String shipped(Path source, String ptx) throws IOException {
        String body = FOLDER_HASH
                .matcher(VERSION.matcher(ptx).replaceFirst(".version 8.0"))
                .replaceAll("00000000")
                .lines()
                .filter(line -> !line.startsWith("//") && !line.isBlank())
                .collect(Collectors.joining("\n", "", "\n"));
        return HASH_MARK + hash(Files.readAllBytes(source)) + "\n" + body;
    }

    private static String byNvcc(Path source) throws IOException, InterruptedException {
        Path out = Files.createTempFile("kernels", ".ptx");
        try {
            Process nvcc = new ProcessBuilder(
                            "nvcc", "-ptx", "-arch=" + ARCHITECTURE, "-o", out.toString(), source.toString())
                    .inheritIO()
                    .start();
            if (nvcc.waitFor() != 0) {
                throw new IllegalStateException("nvcc ended with status " + nvcc.exitValue());
            }
            return Files.readString(out);
        } finally {
            Files.delete(out);
        }
    }

    private static String byNvrtc(String source) throws IOException {
        Path folder = Files.createTempDirectory("nvrtc");
        // NVRTC looks for its builtins beside itself, or finds them loaded already.
        for (String name : List.of("libnvrtc-builtins.so.12.9", "libnvrtc.so.12")) {
            try (InputStream library = PtxGenerator.class.getResourceAsStream(NVRTC + name)) {
                Files.copy(library, folder.resolve(name));
            }
            System.load(folder.resolve(name).toString());
        }
        nvrtcProgram program = new nvrtcProgram();
        JNvrtc.setExceptionsEnabled(true);
        JNvrtc.nvrtcCreateProgram(program, source, "kernels.cu", 0, new String[0], new String[0]);
        JNvrtc.nvrtcCompileProgram(program, 1, new String[] {"--gpu-architecture=" + ARCHITECTURE});
        String[] ptx = new String[1];
        JNvrtc.nvrtcGetPTX(program, ptx);
        return new String(ptx[0].getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }
}
