package io.dunlin.launcher.doctor;

import io.dunlin.launcher.place.Installation;
import java.nio.file.Files;

/** Dunlin needs the Java it was built for, and the flags of its options file. */
final class JavaCheck implements Check {
    private static final int FEATURE = 25;

    private final Installation installation;
    private final Runtime.Version version;

    JavaCheck(Installation installation, Runtime.Version version) {
        this.installation = installation;
        this.version = version;
    }

    @Override
    public String title() {
        return "Java";
    }

    @Override
    public Finding look() {
        if (version.feature() != FEATURE) {
            return new Finding.Fail(
                    "this is Java " + version + ", Dunlin runs on Java " + FEATURE,
                    "install a JDK " + FEATURE + " or set JAVA_HOME to one");
        }
        if (!Files.isReadable(installation.options())) {
            return new Finding.Fail(installation.options() + " cannot be read", "copy or check out Dunlin again");
        }
        return new Finding.Ok(version + " (" + System.getProperty("java.vendor") + "), flags from conf/jvm.options");
    }
}
