package io.dunlin.collectives.bench;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The loops of {@code loops.c}, compiled when a benchmark starts, for the machine it runs on. */
final class CLoops {
    private static final List<String> GCC = List.of(
            "gcc",
            "-O3",
            "-march=native",
            "-mprefer-vector-width=512",
            "-ffp-contract=off", // Java does not contract either
            "-shared",
            "-fPIC");

    private final SymbolLookup functions;

    private CLoops(SymbolLookup functions) {
        this.functions = functions;
    }

    static CLoops compile() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("dunlin-loops");
        Path source = folder.resolve("loops.c");
        Path library = folder.resolve("loops.so");
        try (InputStream text = CLoops.class.getResourceAsStream("/loops.c")) {
            Files.copy(text, source);
        }
        List<String> command = new java.util.ArrayList<>(GCC);
        command.addAll(List.of("-o", library.toString(), source.toString(), "-lm"));
        int exit;
        try {
            exit = new ProcessBuilder(command).inheritIO().start().waitFor();
        } catch (IOException e) {
            throw new IOException("there is no gcc here to compare with: install it, or leave out -p language=C", e);
        }
        if (exit != 0) {
            throw new IOException("gcc failed: " + String.join(" ", command));
        }
        CLoops loops = new CLoops(SymbolLookup.libraryLookup(library, Arena.global()));
        for (Path file : List.of(source, library, folder)) {
            Files.delete(file);
        }
        return loops;
    }

    /** A function of addresses and lengths. */
    MethodHandle function(String name, int parameters) {
        ValueLayout[] layouts = new ValueLayout[parameters];
        Arrays.fill(layouts, ValueLayout.JAVA_LONG);
        return Linker.nativeLinker().downcallHandle(functions.findOrThrow(name), FunctionDescriptor.ofVoid(layouts));
    }
}
