package io.dunlin.launcher.worker;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** The standard output of a process that speaks to its agent: it carries lines of JSON and nothing else. */
public final class ReportStream {
    private ReportStream() {}

    /** Takes it for reports alone; from now on whatever else prints goes to the log. */
    public static PrintStream take() {
        PrintStream reports = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        System.setOut(System.err);
        return reports;
    }
}
