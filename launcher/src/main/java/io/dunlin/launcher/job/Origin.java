package io.dunlin.launcher.job;

import org.tomlj.TomlPosition;

/** Where a value of the job came from. */
public sealed interface Origin {
    /** How it is written behind the value in the resolved job file, and in front of an error. */
    String text();

    /** A job file. Line and column count from 1. */
    record File(String file, int line, int column) implements Origin {
        static File of(String file, TomlPosition position) {
            return new File(file, position.line(), position.column());
        }

        @Override
        public String text() {
            return file + ":" + line;
        }

        String withColumn() {
            return file + ":" + line + ":" + column;
        }
    }

    /** A {@code --set} of the command line. */
    record CommandLine(String argument) implements Origin {
        @Override
        public String text() {
            return "--set";
        }
    }

    /** Sizes of a preset. */
    record Preset(String name) implements Origin {
        @Override
        public String text() {
            return "preset " + name;
        }
    }

    /** The checkpoint that the run starts from. */
    record Checkpoint(String path) implements Origin {
        @Override
        public String text() {
            return "from " + path;
        }
    }

    /** Follows from other values. */
    record Derived(String how) implements Origin {
        @Override
        public String text() {
            return how;
        }
    }

    /** Nobody said anything. */
    record Standard() implements Origin {
        @Override
        public String text() {
            return "default";
        }
    }

    /** How an error begins: file, line and column, or the argument, or the words of {@link #text()}. */
    default String where() {
        return switch (this) {
            case File file -> file.withColumn();
            case CommandLine(String argument) -> "--set " + argument;
            case Preset _, Checkpoint _, Derived _, Standard _ -> text();
        };
    }
}
