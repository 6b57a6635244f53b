package io.dunlin.launcher.job;

/** One thing that is wrong with a job: code, where and what, and what to do; {@code remedy} may be empty. */
record Problem(String code, String text, String remedy) {
    static Problem at(String code, Origin origin, KeyPath path, String what) {
        return new Problem(code, origin.where() + "  [" + path + "] " + what, "");
    }

    Problem remedy(String next) {
        return new Problem(code, text, next);
    }
}
